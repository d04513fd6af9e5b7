#pragma once
// One file of examples: its name, what is in it, whether it could be read; its columns and a way to take it out.

#include <QFrame>

#include "engine/data/data_files.h"

class QLabel;

namespace scalewright::ui {

class Button;
class Chip;
class Combo;
class ElidedLabel;

class DataFileRow : public QFrame {
  Q_OBJECT
 public:
  // `ownColumns`: of the file may be named; else they are those of another file.
  explicit DataFileRow(const DataFile& file, bool ownColumns = true, QWidget* parent = nullptr);
  const std::filesystem::path& path() const { return m_path; }
  // `behind`: the work that it waits for; empty: it is read now.
  void setReading(const QString& behind = {});
  void setFacts(const DataFileFacts* facts);  // null: it could not be read
  // No column is known by its name, or those in `columns` do not do: the person says which is which.
  using Columns = std::map<std::string, std::string>;
  void ask(std::vector<std::string> names, const Columns& columns);

 signals:
  void columnsClicked();
  void removeClicked();
  void columnsNamed(const std::map<std::string, std::string>& columns);  // as DataFile::columns

 private:
  void named();
  std::filesystem::path m_path;
  quint64 m_bytes;
  ElidedLabel* m_name;
  QLabel* m_facts;
  Chip* m_chip;
  Button *m_columns, *m_remove;
  QWidget* m_naming;
  Combo *m_prompt, *m_answer;
  std::vector<std::string> m_names;  // of the columns that are asked for
  bool m_ownColumns;
  bool m_named;                      // by the person
};

// Which column of a table is the prompt, the answer, the system prompt, or the text that is learned whole: asks, and writes into
// `columns`. False: given up.
bool chooseColumns(QWidget* parent, const std::vector<std::string>& names, std::map<std::string, std::string>* columns);

}  // namespace scalewright::ui
