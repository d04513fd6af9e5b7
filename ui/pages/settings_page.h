#pragma once
// Settings: look, machine, folders. Everything takes effect at once; only the language waits for the next start.

#include "ui/pages/page.h"

class QBoxLayout;
class QCheckBox;
class QComboBox;
class QLabel;
class QListWidget;
class QSpinBox;

namespace scalewright::ui {

class Button;
class FactsGrid;
class Segmented;
class ValueSlider;

class SettingsPage : public Page {
  Q_OBJECT
 public:
  explicit SettingsPage(AppContext& app, QWidget* parent = nullptr);
  void activate() override;
  void setNarrow(bool narrow) override;
  QWidget* firstField() const override;

 private:
  QWidget* buildLook();
  QWidget* buildMachine();
  QWidget* buildFolders();
  QWidget* buildJobs();
  void showSettings();
  void askDevice();

  QBoxLayout* m_panes;
  Segmented *m_theme, *m_device;
  bool m_severalCards = false;
  ValueSlider* m_scale;
  QComboBox* m_language;
  QLabel* m_languageNote;
  QSpinBox* m_threads;
  QCheckBox* m_allThreads;
  FactsGrid *m_machineFacts, *m_folderFacts;
  QLabel* m_reason;
  QListWidget* m_folders;
  Button* m_removeFolder;
  QCheckBox* m_notify;
};

}  // namespace scalewright::ui
