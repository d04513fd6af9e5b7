#pragma once
// Runs: every run ever made here. Compare curves and recipes, resume, annotate, rename, delete with undo, report.

#include <QHash>
#include <QSortFilterProxyModel>
#include <QTimer>

#include "ui/models/recipe_diff_model.h"
#include "ui/models/run_curves.h"
#include "ui/models/run_table_model.h"
#include "ui/pages/page.h"

class QLineEdit;
class QStackedLayout;

class QBoxLayout;

namespace scalewright::ui {

class Button;
class Card;
class Chart;
class Chip;
class EmptyState;
class Segmented;
class TableView;

class RunsPage : public Page {
  Q_OBJECT
 public:
  explicit RunsPage(AppContext& app, QWidget* parent = nullptr);
  void activate() override;
  void refresh() override { read(); }
  void receive(const PageMessage& message) override;
  void primary() override;
  bool undo() override;
  void setNarrow(bool narrow) override;
  void saveState() override;
  QWidget* firstField() const override;

 private:
  void read();
  void readCurves();
  void showCurves();
  void showActions();
  const RunRow* selected() const;
  void resume();
  void remove();
  void removeEntry(qint64 id, const QString& name);
  void removeFiles(qint64 id, const QString& name, const QString& folder, bool forGood);
  void score();
  void editNotes();
  void report();
  void writeReport(const QString& path, const RunRow& run, const RunCurves& curves);
  void change(const QString& title, std::function<Result<void>(RunStore&)> work);

  RunTableModel m_runs;
  QSortFilterProxyModel m_proxy;
  RecipeDiffModel m_recipes;
  QHash<qint64, RunCurves> m_curves;
  QTimer m_refresh;             // runs once a run has told of its progress
  qint64 m_deleted = 0;
  qint64 m_followed = 0;        // the one run whose curves follow the selection; 0: the person chose by the checkboxes
  QString m_wanted;             // folder to select once read

  Button *m_report, *m_export, *m_chat, *m_resume, *m_score, *m_rename, *m_notes, *m_delete, *m_saveChart;
  Segmented* m_what;
  Chart* m_chart;
  Card *m_chartCard, *m_recipeCard, *m_tableCard;
  TableView *m_recipeTable, *m_table;
  QLineEdit* m_filter;
  Chip* m_compared;
  EmptyState* m_empty;
  QWidget *m_content;
  QBoxLayout* m_top;
};

}  // namespace scalewright::ui
