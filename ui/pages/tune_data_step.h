#pragma once
// Step 2: what it learns from. Every row is read and checked before the start; the person sees what the model will see.

#include <map>

#include "ui/models/row_problem_model.h"
#include "ui/pages/tune_step.h"

class QComboBox;
class QLabel;

class QBoxLayout;

namespace scalewright::ui {

class Button;
class Card;
class Chip;
class ElidedLabel;
class EmptyState;
class Histogram;
class LearnedText;
class Segmented;
class SwatchLabel;
class TableView;
class ValueSlider;

class TuneDataStep : public TuneStep {
  Q_OBJECT
 public:
  TuneDataStep(AppContext& app, TuneDraft& draft, QWidget* parent = nullptr);
  QString purpose() const override { return tr("Choose examples of how it should answer. Every row is checked before anything starts."); }
  QString refusal() const override;
  QString value() const override;
  void enter() override;
  void setNarrow(bool narrow) override;
  QWidget* firstField() const override;
  void setFile(const QString& path);

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  struct Checked {
    std::shared_ptr<OpenModel> open;
    std::shared_ptr<const Dataset> dataset;
    std::shared_ptr<const EncodedDataset> encoded;
  };
  void choose();
  void read();
  void show();
  void showRow(int row);
  void showValidation();
  void chooseColumns();

  QString m_file;
  bool m_reading = false;
  int m_row = 0;
  std::map<std::string, std::string> m_columns;
  RowProblemModel m_problems;
  Button *m_add, *m_remove, *m_previous, *m_next, *m_mapping;
  QWidget *m_fileRow, *m_left, *m_right;
  ElidedLabel *m_fileName, *m_fileFacts;
  Chip *m_format, *m_ready, *m_cut, *m_skipped, *m_duplicates;
  Segmented* m_learn;
  ValueSlider* m_validation;
  QLabel *m_rowText, *m_tokens, *m_notes;
  SwatchLabel *m_learned, *m_readOnly;
  TableView* m_table;
  EmptyState *m_empty, *m_good;
  LearnedText* m_text;
  Histogram* m_lengths;
  Card* m_lengthCard;
  QBoxLayout* m_columnsLayout;
};

}  // namespace scalewright::ui
