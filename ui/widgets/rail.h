#pragma once
// The left rail: project menu, six places with their digit, Settings and Help at the foot. A running job is a bar under its place.

#include <QAbstractButton>
#include <QList>
#include <QWidget>

class QVBoxLayout;

namespace scalewright::ui {

class ElidedLabel;

class RailItem : public QAbstractButton {
  Q_OBJECT
 public:
  RailItem(const QString& name, const QString& iconName, const QString& shortcut, QWidget* parent = nullptr);
  void setProgress(double fraction);  // < 0: no job
  void setCompact(bool compact);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_icon, m_key;
  double m_progress = -1.0;
  bool m_compact = false;
};

// The head of the rail: logo, product, project; opens the project menu.
class RailHead : public QAbstractButton {
  Q_OBJECT
 public:
  explicit RailHead(QWidget* parent = nullptr);
  void setProject(const QString& name);
  void setCompact(bool compact);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_project;
  bool m_compact = false;
};

class Rail : public QWidget {
  Q_OBJECT
 public:
  explicit Rail(QWidget* parent = nullptr);
  int addPlace(const QString& name, const QString& iconName, const QString& shortcut);  // index, top to bottom
  int addFoot(const QString& name, const QString& iconName, const QString& shortcut);   // goes on counting
  void setCurrent(int index);  // no signal
  void setProgress(int index, double fraction);
  void setCompact(bool compact);
  bool compact() const { return m_compact; }
  RailHead* head() const { return m_head; }
  RailItem* item(int index) const { return m_items.value(index); }

 signals:
  void chosen(int index);

 protected:
  void keyPressEvent(QKeyEvent* event) override;

 private:
  int add(const QString& name, const QString& iconName, const QString& shortcut, bool foot);
  RailHead* m_head;
  QList<RailItem*> m_items;
  QVBoxLayout *m_places, *m_foot;
  bool m_compact = false;
};

}  // namespace scalewright::ui
