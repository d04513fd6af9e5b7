#pragma once
// A thin bar, 0..1; below 0 it says that how far is not known.

#include <QWidget>

#include "ui/settings/theme_tokens.h"

namespace scalewright::ui {

class ProgressBar : public QWidget {
  Q_OBJECT
 public:
  explicit ProgressBar(int height = 8, QWidget* parent = nullptr);
  void setFraction(double fraction);
  double fraction() const { return m_fraction; }
  void setToken(Token token);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  double m_fraction = 0.0;
  Token m_token = &ThemeTokens::accent;
};

}  // namespace scalewright::ui
