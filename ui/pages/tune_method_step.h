#pragma once
// Step 3: how long to learn and what learns. Three presets; everything else folded away with good defaults.

#include "ui/pages/tune_step.h"

class QButtonGroup;
class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QSpinBox;

class QBoxLayout;

namespace scalewright::ui {

class Button;
class ElidedLabel;
class Card;
class Chart;
class FactsGrid;
class FormField;
class OptionCard;
class RealBox;

class TuneMethodStep : public TuneStep {
  Q_OBJECT
 public:
  TuneMethodStep(AppContext& app, TuneDraft& draft, QWidget* parent = nullptr);
  QString purpose() const override { return tr("Choose how long to learn. Everything else has a good default."); }
  QString refusal() const override;
  QString value() const override;
  void enter() override;
  void setNarrow(bool narrow) override;
  QWidget* firstField() const override;
  static QString lengthWords();  // what an epoch is, and a step

 private:
  QWidget* buildAdvanced();
  void choosePreset(int preset);
  void resetToDefaults();
  void offerPrompt();
  void showPromptFrom(const QString& from);
  void takeOver();       // widgets -> draft
  void show();           // draft -> widgets
  void estimate();
  void showEstimate();
  QString advancedLine() const;

  std::shared_ptr<TunePlan> m_plan;   // of the present settings, or null
  int m_estimate = 0;                 // number of the last estimate asked for
  QButtonGroup *m_presets, *m_what;
  QList<OptionCard*> m_presetCards, m_whatCards;
  QLineEdit *m_prompt, *m_name;
  QLabel* m_promptFrom;
  QString m_offered, m_from;          // the prompt that was taken from the rows, and what is said of it
  Button* m_fold;
  QWidget* m_advanced;
  QSpinBox *m_context, *m_batch, *m_accumulate, *m_seed;
  QSpinBox* m_steps;
  QComboBox* m_lengthBy;       // epochs or steps
  RealBox *m_epochs, *m_rate, *m_warmup, *m_clip, *m_decay;
  FormField* m_rateField = nullptr;
  QComboBox *m_schedule, *m_form;
  QLineEdit* m_system;
  FactsGrid* m_facts;
  Chart* m_rateChart;
  int m_rateSeries;
  QBoxLayout* m_columnsLayout;
  QWidget* m_right;
  Card* m_length;
  ElidedLabel* m_line;
};

}  // namespace scalewright::ui
