#pragma once
// Help: how the main job goes, what the words mean, the keys; and About with the licences of what the program uses.

#include "ui/pages/page.h"

class QTextBrowser;

namespace scalewright::ui {

class Segmented;

class HelpPage : public Page {
  Q_OBJECT
 public:
  explicit HelpPage(AppContext& app, QWidget* parent = nullptr);
  void receive(const PageMessage& message) override;  // "about" shows About
  void activate() override;
  QWidget* firstField() const override;

 private:
  void showText();
  QString guide() const;
  QString wordList() const;
  QString keys() const;
  QString about() const;
  Segmented* m_tabs;
  QTextBrowser* m_text;
};

}  // namespace scalewright::ui
