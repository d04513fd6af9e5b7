#pragma once
// What came of an export: the self-check as a table, what tuning changed, and the command for Ollama.

#include <QWidget>

#include "ui/jobs/export_work.h"

class QStandardItemModel;

namespace scalewright::ui {

class Card;
class ElidedLabel;
class Metric;
class Settings;
class TableView;

class ExportResult : public QWidget {
  Q_OBJECT
 public:
  explicit ExportResult(Settings& settings, QWidget* parent = nullptr);
  void setOutcome(const ExportOutcome& outcome, const ExportChoices& choices, const QString& written);

 signals:
  void copied();
  void failed(const QString& title, const QString& text);

 private:
  void saveReport();

  Settings& m_settings;
  QStandardItemModel* m_rows;
  TableView* m_table;
  Card *m_changed, *m_ollama;
  Metric *m_before, *m_after;
  ElidedLabel* m_command;
  std::vector<CheckRow> m_check;
  QString m_written;
};

}  // namespace scalewright::ui
