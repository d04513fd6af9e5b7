#pragma once
// The empty Models page: what the product is for in one picture and one sentence, and two ways to begin.

#include <QWidget>

namespace scalewright::ui {

class Button;

// Codes stay, scales move: the product in one picture.
class ScalesPicture : public QWidget {
  Q_OBJECT
 public:
  explicit ScalesPicture(QWidget* parent = nullptr);

 protected:
  void paintEvent(QPaintEvent* event) override;
};

class FirstStart : public QWidget {
  Q_OBJECT
 public:
  explicit FirstStart(QWidget* parent = nullptr);
  Button* sampleButton() const { return m_sample; }

 signals:
  void openClicked();
  void scanClicked();
  void sampleClicked();

 protected:
  void paintEvent(QPaintEvent* event) override;  // the dashed edge of a place to drop things on

 private:
  Button* m_sample;
};

}  // namespace scalewright::ui
