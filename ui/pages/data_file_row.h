#pragma once
// One file of examples: its name, what is in it, whether it could be read; its columns and a way to take it out.

#include <QFrame>

#include "engine/data/data_files.h"

namespace scalewright::ui {

class Button;
class Chip;
class ElidedLabel;

class DataFileRow : public QFrame {
  Q_OBJECT
 public:
  explicit DataFileRow(const DataFile& file, QWidget* parent = nullptr);
  void setReading();
  void setFacts(const DataFileFacts* facts);  // null: it could not be read

 signals:
  void columnsClicked();
  void removeClicked();

 private:
  quint64 m_bytes;
  ElidedLabel *m_name, *m_facts;
  Chip* m_chip;
  Button *m_columns, *m_remove;
};

// Which column of a table is the prompt, the answer, the system prompt: asks, and writes into `columns`. False: given up.
bool chooseColumns(QWidget* parent, const std::vector<std::string>& names, std::map<std::string, std::string>* columns);

}  // namespace scalewright::ui
