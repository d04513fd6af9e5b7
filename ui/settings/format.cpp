#include "ui/settings/format.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QLocale>
#include <QRegularExpression>
#include <cmath>

namespace scalewright::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("Format", text); }

}  // namespace

QString bytesText(quint64 bytes) {
  if (bytes < 1000) return QStringLiteral("%1 B").arg(bytes);
  static const char* units[] = {"KB", "MB", "GB", "TB"};
  double value = double(bytes) / 1000.0;
  int unit = 0;
  while (value >= 999.5 && unit < 3) {
    value /= 1000.0;
    ++unit;
  }
  const int decimals = value >= 99.95 || unit == 0 ? 0 : unit == 1 ? 1 : value >= 9.995 ? 1 : 2;
  return QStringLiteral("%1 %2").arg(QLocale().toString(value, 'f', decimals), QLatin1String(units[unit]));
}

QString countText(qint64 count) { return QLocale().toString(count); }

QString shortCountText(qint64 count) {
  const double value = double(count);
  if (count < 1000) return QString::number(count);
  if (value < 999.5e3) return QStringLiteral("%1 K").arg(QLocale().toString(value / 1e3, 'f', value < 9.995e3 ? 1 : 0));
  if (value < 999.5e6) return QStringLiteral("%1 M").arg(QLocale().toString(value / 1e6, 'f', value < 9.995e6 ? 1 : 0));
  return QStringLiteral("%1 B").arg(QLocale().toString(value / 1e9, 'f', value < 99.95e9 ? 2 : 0));
}

QString durationText(double seconds) {
  if (!(seconds >= 0)) return {};
  if (seconds < 1) return tr("%1 s").arg(QLocale().toString(seconds, 'f', 1));
  if (seconds < 10) return tr("%1 s").arg(QLocale().toString(seconds, 'f', seconds < 9.95 && std::abs(seconds - std::round(seconds)) > 0.05 ? 1 : 0));
  const qint64 whole = std::llround(seconds);
  if (whole < 60) return tr("%1 s").arg(whole);
  if (whole < 3600) return whole % 60 ? tr("%1 min %2 s").arg(whole / 60).arg(whole % 60) : tr("%1 min").arg(whole / 60);
  const qint64 minutes = (whole + 30) / 60;
  return minutes % 60 ? tr("%1 h %2 min").arg(minutes / 60).arg(minutes % 60) : tr("%1 h").arg(minutes / 60);
}

QString timeLeftText(double seconds) {
  if (seconds < 0) return {};
  return seconds < 1 ? tr("a moment left") : tr("%1 left").arg(durationText(seconds < 10 ? std::ceil(seconds) : seconds));
}

QString percentText(double fraction, int decimals) {
  return std::isfinite(fraction) ? tr("%1 %").arg(QLocale().toString(fraction * 100.0, 'f', decimals)) : QStringLiteral("–");
}
QString numberText(double value, int decimals) {
  return std::isfinite(value) ? QLocale().toString(value, 'f', decimals) : QStringLiteral("–");
}

QString rateText(double rate) {
  if (rate == 0) return QStringLiteral("0");
  const int exponent = int(std::floor(std::log10(std::abs(rate)) + 1e-9));
  const double mantissa = rate / std::pow(10.0, exponent);
  QString digits = QString::number(mantissa, 'f', 2);
  while (digits.endsWith(QLatin1Char('0'))) digits.chop(1);
  if (digits.endsWith(QLatin1Char('.'))) digits.chop(1);
  return QStringLiteral("%1e%2").arg(digits).arg(exponent);
}

QString momentText(qint64 unixSeconds) {
  if (unixSeconds <= 0) return QStringLiteral("–");
  const QDateTime then = QDateTime::fromSecsSinceEpoch(unixSeconds), now = QDateTime::currentDateTime();
  const qint64 ago = then.secsTo(now);
  if (ago >= 0 && ago < 60) return tr("Just now");
  if (ago >= 0 && ago < 3600) return tr("%1 min ago").arg(ago / 60);
  const QString clock = QLocale().toString(then.time(), QLocale::ShortFormat);
  if (then.date() == now.date()) return tr("Today %1").arg(clock);
  if (then.date().addDays(1) == now.date()) return tr("Yesterday %1").arg(clock);
  return QLocale().toString(then.date(), then.date().year() == now.date().year() ? QStringLiteral("d MMMM") : QStringLiteral("d MMMM yyyy"));
}

QString folderText(const QString& path) {
  const QString home = QDir::homePath();
  if (path == home) return QStringLiteral("~");
  if (home.size() > 1 && path.startsWith(home + QLatin1Char('/'))) return QLatin1Char('~') + path.mid(home.size());
  return path;
}

QStringList distinctNames(QStringList names, const QStringList& paths) {
  const QStringList plain = names;
  for (qsizetype i = 0; i < names.size() && i < paths.size(); ++i)
    if (plain.count(plain[i]) > 1) names[i] = QStringLiteral("%1  ·  %2").arg(plain[i], folderText(QFileInfo(paths[i]).absolutePath()));
  return names;
}
QString fileNameText(const QString& name) {
  static const QRegularExpression unsafe(QStringLiteral("[^\\p{L}\\p{M}\\p{N}._-]+")), doubled(QStringLiteral("-{2,}")), ends(QStringLiteral("^[.-]+|[.-]+$"));
  const QString safe = name.normalized(QString::NormalizationForm_C).replace(unsafe, QStringLiteral("-")).replace(doubled, QStringLiteral("-")).remove(ends);
  return safe.isEmpty() ? QStringLiteral("run") : safe;
}
QString headingText(const QString& words) { return words.left(1).toUpper() + words.mid(1); }

QString hashText(const QString& hash) { return hash.size() > 9 ? hash.left(4) + QChar(0x2026) + hash.right(4) : hash; }

}  // namespace scalewright::ui
