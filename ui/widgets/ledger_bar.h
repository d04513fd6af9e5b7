#pragma once
// The machine's memory as a bar (others, this run, free) that flares into the run's parts.

#include <QWidget>

#include "ui/settings/theme_tokens.h"

namespace scalewright::ui {

struct LedgerPart {
  QString name;
  quint64 bytes = 0;
  Token token = &ThemeTokens::memoryWeights;
};

class LedgerBar : public QWidget {
  Q_OBJECT
 public:
  explicit LedgerBar(QWidget* parent = nullptr);
  // Bytes: of the machine, in use by others, and this run's parts bottom to top.
  void setLedger(quint64 machine, quint64 others, const QList<LedgerPart>& parts);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  quint64 total() const;
  quint64 m_machine = 0, m_others = 0;
  QList<LedgerPart> m_parts;
};

}  // namespace scalewright::ui
