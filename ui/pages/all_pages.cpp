#include "ui/pages/all_pages.h"

#include "ui/main_window.h"
#include "ui/pages/chat_page.h"
#include "ui/pages/export_page.h"
#include "ui/pages/help_page.h"
#include "ui/pages/models_page.h"
#include "ui/pages/quantize_page.h"
#include "ui/pages/runs_page.h"
#include "ui/pages/settings_page.h"
#include "ui/pages/tune_page.h"

namespace scalewright::ui {

void installPages(MainWindow& window, AppContext& app) {
  window.setPage(Place::Models, [&app] { return new ModelsPage(app); });
  window.setPage(Place::Quantize, [&app] { return new QuantizePage(app); });
  window.setPage(Place::Tune, [&app] { return new TunePage(app); });
  window.setPage(Place::Runs, [&app] { return new RunsPage(app); });
  window.setPage(Place::Chat, [&app] { return new ChatPage(app); });
  window.setPage(Place::Export, [&app] { return new ExportPage(app); });
  window.setPage(Place::Settings, [&app] { return new SettingsPage(app); });
  window.setPage(Place::Help, [&app] { return new HelpPage(app); });
}

}  // namespace scalewright::ui
