#pragma once
// What the desktop does for us: show a file in its folder, notify, stay awake. Everything works without D-Bus too.

#include <QString>
#include <memory>

namespace scalewright::ui::Desktop {

void showInFolder(const QString& path);
void notify(const QString& title, const QString& text);

// Keeps the machine from sleeping while it lives, where the desktop can.
class StayAwake {
 public:
  explicit StayAwake(const QString& why);
  ~StayAwake();

 private:
  struct Impl;
  std::shared_ptr<Impl> m_impl;
};

}  // namespace scalewright::ui::Desktop
