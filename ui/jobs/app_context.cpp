#include "ui/jobs/app_context.h"

namespace scalewright::ui {
namespace {

BackendOptions optionsOf(const Settings& settings) {
  return {.threads = settings.threads(), .isa = Isa::Auto, .device = settings.device().toStdString()};
}

}  // namespace

AppContext::AppContext(Settings& settings, QObject* parent) : QObject(parent), m_settings(settings), m_project(settings), m_catalog(settings, m_project, m_jobs) {
  m_engine.configure(optionsOf(settings));
  connect(&settings, &Settings::changed, this, [this](const QString& key) {
    if (key == QLatin1String("engine/threads") || key == QLatin1String("engine/device")) m_engine.configure(optionsOf(m_settings));
  });
}
AppContext::~AppContext() = default;

}  // namespace scalewright::ui
