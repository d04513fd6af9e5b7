// Every control on every page and every step of the wizard: a name for who does not see it, a hint for who does not know it, and
// the Tab key goes through them in the order in which they are read.

#include "tests/ui/small_chat_model.h"

#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QScrollArea>
#include <QTextEdit>

#include "ui/widgets/chart.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestAccessible : public QObject, SampleTest {
  Q_OBJECT

 private slots:
  void initTestCase() { makeSample(); }
  void init() { enterHome(); }
  void cleanup() { leaveHome(); }

  void everyPage() {
    TestWindow w(*m_home);
    w.context->catalog().add({QFileInfo(m_model).absolutePath()});
    QVERIFY(w.waitForJobs());
    for (int i = 0; i <= int(Place::Help); ++i) {
      w.window->showPlace(Place(i));
      QVERIFY(w.waitForJobs());
      QTest::qWait(50);
      look(w.window->page(Place(i)), w.window->page(Place(i))->title());
    }
    QVERIFY2(m_wrong.isEmpty(), qPrintable(m_wrong.join('\n')));
  }

  void everyStepOfTheWizard() {
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    look(tune, "Data");
    CLICK(tune, "Next: Method");
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Advanced");
    QTest::qWait(50);
    look(tune, "Method");
    CLICK(tune, "Next: Plan");
    QVERIFY(w.waitForJobs());
    look(tune, "Plan");
    CLICK(tune, "Start");
    QVERIFY(waitUntil([&] { return buttonOf(tune, "Chat: original | tuned"); }, 300));
    look(tune, "Run");
    QVERIFY(w.waitForJobs());
    QVERIFY2(m_wrong.isEmpty(), qPrintable(m_wrong.join('\n')));
  }

 private:
  static bool control(const QWidget* w) {
    return qobject_cast<const QAbstractButton*>(w) || qobject_cast<const QLineEdit*>(w) || qobject_cast<const QComboBox*>(w) || qobject_cast<const QAbstractSpinBox*>(w) ||
           qobject_cast<const QAbstractItemView*>(w) || w->inherits("QSlider") || w->inherits("QTextEdit") || w->inherits("QPlainTextEdit") || qobject_cast<const Chart*>(w);
  }
  // A part of another control: the field of a spin box, the button in a search line.
  static bool inner(const QWidget* w) {
    for (const QWidget* p = w->parentWidget(); p; p = p->parentWidget())
      if (qobject_cast<const QComboBox*>(p) || qobject_cast<const QAbstractSpinBox*>(p) || qobject_cast<const QLineEdit*>(p) || qobject_cast<const QAbstractItemView*>(p) || p->inherits("QTextEdit")) return true;
    return false;
  }
  static QString nameOf(const QWidget* w) {
    const auto* button = qobject_cast<const QAbstractButton*>(w);
    return !w->accessibleName().isEmpty() ? w->accessibleName() : button ? button->text() : QString();
  }
  static QString whatIs(const QWidget* w) { return QStringLiteral("%1 \"%2\"").arg(QLatin1String(w->metaObject()->className()), nameOf(w)); }

  void look(Page* page, const QString& where) {
    QList<QWidget*> stops;
    for (QWidget* w = page->nextInFocusChain(); w && w != page; w = w->nextInFocusChain()) {
      if (!page->isAncestorOf(w) || !w->isVisible() || inner(w)) continue;
      if (control(w)) {
        if (nameOf(w).isEmpty()) m_wrong << QStringLiteral("%1: %2 in %3 has no name").arg(where, QLatin1String(w->metaObject()->className()), QLatin1String(w->parentWidget()->metaObject()->className()));
        const auto* button = qobject_cast<const QAbstractButton*>(w);
        const bool says = button && !button->text().isEmpty();
        const bool labelled = !w->accessibleDescription().isEmpty() || qobject_cast<const QAbstractItemView*>(w) || qobject_cast<const Chart*>(w) || w->inherits("QTextEdit");
        if (w->toolTip().isEmpty() && !says && !labelled && !fieldOf(w)) m_wrong << QStringLiteral("%1: %2 has no hint").arg(where, whatIs(w));
      }
      if ((w->focusPolicy() & Qt::TabFocus) && w->isEnabled() && !w->focusProxy()) stops << w;
    }
    QVERIFY(!stops.isEmpty());
    for (qsizetype i = 1; i < stops.size(); ++i)
      if (!readBefore(stops[i - 1], stops[i])) m_wrong << QStringLiteral("%1: Tab goes from %2 back to %3").arg(where, whatIs(stops[i - 1]), whatIs(stops[i]));
  }
  static bool fieldOf(const QWidget* w) {
    for (const QWidget* p = w->parentWidget(); p; p = p->parentWidget())
      if (p->inherits("scalewright::ui::FormField") || p->inherits("scalewright::ui::ValueSlider")) return true;
    return false;
  }
  // At the first place where their ways part, the later one lies neither wholly above nor, in the same line, wholly left.
  static bool readBefore(QWidget* first, QWidget* second) {
    QList<QWidget*> a, b;
    for (QWidget* w = first; w; w = w->parentWidget()) a.prepend(w);
    for (QWidget* w = second; w; w = w->parentWidget()) b.prepend(w);
    qsizetype i = 0;
    while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
    if (i == 0 || i >= a.size() || i >= b.size()) return true;
    const QRect p = a[i]->geometry(), q = b[i]->geometry();
    const bool sameColumn = p.left() <= q.right() && q.left() <= p.right(), sameLine = p.top() <= q.bottom() && q.top() <= p.bottom();
    if (sameColumn) return q.bottom() > p.top();
    return !sameLine || q.right() > p.left();
  }

  QStringList m_wrong;
};

QTEST_MAIN(TestAccessible)
#include "test_accessible.moc"
