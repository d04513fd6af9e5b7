#pragma once
// Columns beside each other, each as high as it needs. Where one is longer than the window that it is read through, the
// others go along with the window, so that none is out of sight while another is read.

#include <QHBoxLayout>
#include <functional>

namespace scalewright::ui {

// The part of the widget that is seen, in its own coordinates.
struct Sight {
  int top = 0, height = 0;
};

class SightLayout : public QHBoxLayout {
 public:
  explicit SightLayout(std::function<Sight()> sight) : m_sight(std::move(sight)) {}
  void look() { place(); }  // the sight is another
  void setGeometry(const QRect& rect) override;

 private:
  void place();
  std::function<Sight()> m_sight;
};

}  // namespace scalewright::ui
