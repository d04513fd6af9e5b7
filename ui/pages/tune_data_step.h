#pragma once
// Step 2: what it learns from. Every row is read and checked before the start; the person sees what the model will see.

#include "ui/jobs/data_check.h"
#include "ui/models/row_problem_model.h"
#include "ui/pages/tune_step.h"

class QComboBox;
class QLabel;

class QBoxLayout;

namespace scalewright::ui {

class Button;
class Card;
class Chip;
class DataFileRow;
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
  void setFiles(const QStringList& paths);  // instead of those that are chosen
  void addFiles(const QStringList& paths);

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void choose();
  void chooseValidation();
  void setValidation(const std::filesystem::path& file);  // empty: rows are held back instead
  void take(std::vector<DataFile> files);
  void showFiles();
  void read();
  void onChecked(Result<CheckedData> checked);
  EncodeSettings settings() const;
  void show();
  void showRow(int row);
  void showValidation();
  void chooseColumnsOf(size_t file);
  bool asks(size_t file) const;
  bool unusable(size_t file) const { return file < m_unusable.size() && m_unusable[file]; }
  QString waitsFor() const;               // the work that the reading waits for; empty: for none

  std::vector<DataFile> m_files;
  std::vector<DataFileFacts> m_facts;     // of each, once read
  std::vector<bool> m_unusable;           // of each, where one is refused
  std::shared_ptr<Job> m_readJob;
  QList<DataFileRow*> m_rows;
  bool m_reading = false, m_refused = false, m_validationRefused = false;
  int64_t m_validationRows = 0;
  int m_row = 0;
  RowProblemModel m_problems;
  std::filesystem::path m_data;           // as in the recipe when it was last looked at
  int m_reads = 0;                        // number of the last reading
  Button *m_add, *m_own, *m_previous, *m_next;
  QWidget *m_left, *m_right, *m_holdBack, *m_ownFile;
  QBoxLayout *m_fileRows, *m_ownFileRow;
  DataFileRow* m_validationRow = nullptr;
  Card* m_fileCard;
  Chip *m_ready, *m_cut, *m_skipped, *m_duplicates;
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
