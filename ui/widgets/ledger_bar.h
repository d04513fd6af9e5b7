#pragma once
// The machine's memory as a bar (others, this run, free) that flares into the run's parts.

#include <QWidget>

#include "ui/models/ledger_view.h"

namespace scalewright::ui {

class LedgerBar : public QWidget {
  Q_OBJECT
 public:
  explicit LedgerBar(QWidget* parent = nullptr);
  void setLedger(const LedgerView& ledger);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  bool event(QEvent* event) override;

 private:
  quint64 total() const;
  QList<double> wordWidths() const;  // of each part: its name over its bytes
  bool oneRow() const;
  void fitHeight();
  quint64 m_machine = 0, m_others = 0;
  QString m_where;
  QList<LedgerPart> m_parts;
};

}  // namespace scalewright::ui
