#pragma once
// Models: the files on this machine, what each is and what can be done with it. Empty: the first start.

#include "ui/models/model_table_model.h"
#include "ui/pages/page.h"

class QBoxLayout;
class QLabel;
class QLineEdit;

namespace scalewright::ui {

class Button;
class Banner;
class FirstStart;
class PageStack;
class ModelDetail;
class Segmented;
class TableView;

class ModelsPage : public Page {
  Q_OBJECT
 public:
  explicit ModelsPage(AppContext& app, QWidget* parent = nullptr);
  void activate() override;
  void refresh() override;
  void receive(const PageMessage& message) override;
  void primary() override;
  bool undo() override;
  void setNarrow(bool narrow) override;
  void saveState() override;
  QWidget* firstField() const override;


 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fitPanes();
  QWidget* buildTable();
  void catalogChanged();
  void currentChanged();
  void openModel();
  void scanFolder();
  void startSample();
  void removeCurrent();
  void removePath(const QString& path);
  void showProblem(const ModelEntry& entry);
  void showMachine();
  const ModelEntry* currentEntry() const;

  ModelFilterModel m_filter;
  PageStack* m_stack;
  FirstStart* m_first;
  Banner* m_machine;
  QLineEdit* m_search;
  Segmented* m_kind;
  TableView* m_table;
  QLabel* m_count;
  ModelDetail* m_detail;
  QBoxLayout* m_panes;
  Button *m_scan, *m_open;
  QString m_removed, m_select, m_toldPath;  // the last: whose problem the banner tells
  bool m_narrow = false, m_selecting = false;  // the page itself selects a line
};

}  // namespace scalewright::ui
