#pragma once
// The left side of Export: which model, as what (each target says what opens it and whether it is exact), and where to.

#include "ui/jobs/export_work.h"
#include "ui/widgets/card.h"

#include <QDateTime>

class QButtonGroup;
class QCheckBox;
class QComboBox;
class QLineEdit;

namespace scalewright::ui {

class AppContext;
class FormField;
class OptionCard;
struct ModelEntry;

class ExportTargets : public Card {
  Q_OBJECT
 public:
  explicit ExportTargets(AppContext& app, QWidget* parent = nullptr);
  // From the catalog: tuned runs, then models and folders; keeps what is chosen, or takes what was asked for and has come. What
  // is chosen and gone leaves model() null until it is back; nothing is taken in its place.
  void fillModels();
  bool hasModels() const;
  // Takes it now, or once the catalog has read it. False: it is being read.
  bool chooseModel(const QString& path);
  QString awaited() const { return m_wanted; }
  void keepModel();                     // whatever the catalog finds, until the person chooses or a run ends
  void forget() { m_wanted.clear(); }   // what was asked for is no model
  const ModelEntry* model() const;      // null: none, or it is gone
  QString modelPath() const { return m_current; }
  void clearChoices();                  // until showChoices() nothing can be picked
  void showChoices(const ExportChoices& choices);
  const TargetCheck* chosen() const;    // of the target; null: not looked at yet
  QString title() const;                // of the chosen target
  QString output() const;
  QString modelfile() const;            // to write beside a GGUF; empty: none
  void refuseOutput(const QString& why);  // empty: it is good
  QString agreed() const { return m_agreed; }  // may be replaced, once: the dialog asked
  void forgetAgreed() { m_agreed.clear(); }
  QWidget* firstField() const;
  QWidget* outputField() const;
  QWidget* modelfileField() const;

 signals:
  void modelChosen();
  void targetChosen();

 private:
  void takeModel(const QString& path);
  void browseModel(bool folder);
  void browse();
  void suggestOutput();
  ExportTarget target() const;

  AppContext& m_app;
  QComboBox* m_model;
  QButtonGroup* m_group;
  QList<OptionCard*> m_cards;
  FormField* m_outputField;
  QLineEdit* m_output;
  QCheckBox* m_modelfile;
  ExportChoices m_choices;
  bool m_outputByHand = false;
  QString m_agreed;
  QDateTime m_newestRun, m_chosenAt;    // when the newest run seen was written; when a person chose a model
  QString m_current, m_wanted;          // path of the model; asked for and not read yet
  QString m_offered;                    // by the catalog, at the last look
};

}  // namespace scalewright::ui
