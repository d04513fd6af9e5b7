// The colours keep their promises: text can be read on every ground, edges can be seen, series are told apart.

#include <QTest>
#include <cmath>

#include "ui/settings/theme_tokens.h"

using namespace scalewright::ui;

namespace {

struct Demand { Token ink, ground; double least; const char* what; };

const QList<Demand>& demands() {
  using T = ThemeTokens;
  static const QList<Demand> list = [] {
    QList<Demand> d;
    for (Token ground : {&T::page, &T::card, &T::sunken, &T::rail, &T::raised, &T::accentSoft})
      for (Token ink : {&T::text, &T::text2, &T::text3}) d << Demand{ink, ground, 4.5, "text"};
    d << Demand{&T::onAccent, &T::accent, 4.5, "primary"} << Demand{&T::onAccent, &T::accentHover, 4.5, "primary, hover"}
      << Demand{&T::onAccent, &T::accentPress, 4.5, "primary, pressed"} << Demand{&T::accent, &T::card, 4.5, "accent on card"}
      << Demand{&T::accentText, &T::accentSoft, 4.5, "selection"} << Demand{&T::accentText, &T::card, 4.5, "accent text"}
      << Demand{&T::text, &T::learned, 4.5, "learned tokens"} << Demand{&T::text3, &T::sunken, 4.5, "disabled"};
    for (auto [ink, soft] : {std::pair{&T::ok, &T::okSoft}, {&T::warn, &T::warnSoft}, {&T::danger, &T::dangerSoft}, {&T::info, &T::infoSoft}}) {
      d << Demand{ink, soft, 4.5, "chip"} << Demand{ink, &T::card, 4.5, "state on card"} << Demand{&T::text2, soft, 4.5, "banner text"};
    }
    for (Token ground : {&T::card, &T::page, &T::sunken, &T::raised}) d << Demand{&T::control, ground, 3.0, "edge of a control"};
    for (Token series : {&T::seriesSmooth, &T::seriesValidation, &T::seriesRate, &T::seriesGradient, &T::memoryScales, &T::memoryLogits, &T::memoryWorkspace, &T::run1, &T::run2, &T::run3,
                         &T::run4, &T::run5, &T::run6})
      d << Demand{series, &T::card, 3.0, "series"};
    return d;
  }();
  return list;
}

// CIE Lab of a linear RGB colour, after simulating a dichromat (Machado, Oliveira and Fernandes 2009, severity 1).
struct Lab { double l, a, b; };
Lab labOf(const QColor& color, const double (*m)[3]) {
  auto linear = [](double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
  double rgb[3] = {linear(color.redF()), linear(color.greenF()), linear(color.blueF())}, seen[3];
  for (int i = 0; i < 3; ++i) seen[i] = m ? std::clamp(m[i][0] * rgb[0] + m[i][1] * rgb[1] + m[i][2] * rgb[2], 0.0, 1.0) : rgb[i];
  const double x = 0.4124 * seen[0] + 0.3576 * seen[1] + 0.1805 * seen[2], y = 0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2],
               z = 0.0193 * seen[0] + 0.1192 * seen[1] + 0.9505 * seen[2];
  auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
  return {116 * f(y) - 16, 500 * (f(x / 0.9505) - f(y)), 200 * (f(y) - f(z / 1.089))};
}
constexpr double kProtan[3][3] = {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}};
constexpr double kDeutan[3][3] = {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}};
constexpr double kTritan[3][3] = {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}};

}  // namespace

class TestThemeTokens : public QObject {
  Q_OBJECT

 private slots:
  void ratioIsTheKnownOne() {
    QVERIFY(std::abs(contrastRatio(Qt::black, Qt::white) - 21.0) < 1e-9);
    QVERIFY(std::abs(contrastRatio(QColor(0x77, 0x77, 0x77), Qt::white) - 4.48) < 0.01);
  }

  void everyPairCanBeRead_data() {
    QTest::addColumn<bool>("dark");
    QTest::newRow("light") << false;
    QTest::newRow("dark") << true;
  }
  void everyPairCanBeRead() {
    QFETCH(bool, dark);
    const ThemeTokens& t = dark ? darkTokens() : lightTokens();
    QCOMPARE(t.dark, dark);
    for (const Demand& demand : demands()) {
      const double ratio = contrastRatio(t.*demand.ink, t.*demand.ground);
      QVERIFY2(ratio >= demand.least, qPrintable(QStringLiteral("%1: %2 on %3 is %4, needs %5").arg(QLatin1String(demand.what), (t.*demand.ink).name(), (t.*demand.ground).name()).arg(ratio).arg(demand.least)));
    }
  }

  // The series of one chart stay apart for people who see fewer colours. Dashes and shapes help further; this is the floor.
  void seriesAreToldApart() {
    using T = ThemeTokens;
    const QList<QList<Token>> groups{{&T::seriesRaw, &T::seriesSmooth, &T::seriesValidation, &T::seriesRate, &T::seriesGradient},
                                     {&T::memoryScales, &T::memoryActivations, &T::memoryLogits, &T::memoryWorkspace}};
    for (const ThemeTokens* t : {&lightTokens(), &darkTokens()})
      for (const auto& group : groups)
        for (const double(*m)[3] : {static_cast<const double(*)[3]>(nullptr), kProtan, kDeutan, kTritan})
          for (int i = 0; i < group.size(); ++i)
            for (int j = i + 1; j < group.size(); ++j) {
              const Lab a = labOf(t->*group[i], m), b = labOf(t->*group[j], m);
              const double distance = std::sqrt((a.l - b.l) * (a.l - b.l) + (a.a - b.a) * (a.a - b.a) + (a.b - b.b) * (a.b - b.b));
              QVERIFY2(distance > 9.0, qPrintable(QStringLiteral("%1 and %2 are %3 apart").arg((t->*group[i]).name(), (t->*group[j]).name()).arg(distance)));
            }
  }

  void namesAreLongestFirstAndUnique() {
    QSet<QString> seen;
    size_t before = 1000;
    for (const NamedToken& named : namedTokens()) {
      QVERIFY(qstrlen(named.name) <= before);
      before = qstrlen(named.name);
      QVERIFY(!seen.contains(QLatin1String(named.name)));
      seen << QLatin1String(named.name);
      QVERIFY((lightTokens().*named.token).isValid());
      QVERIFY((darkTokens().*named.token).isValid());
    }
  }
};

QTEST_APPLESS_MAIN(TestThemeTokens)
#include "test_theme_tokens.moc"
