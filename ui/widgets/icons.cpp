#include "ui/widgets/icons.h"

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QHash>
#include <QIconEngine>
#include <QPainter>
#include <QPainterPath>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <cmath>

#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

QHash<QString, QPixmap>& cache() {
  static QHash<QString, QPixmap> pixmaps;
  return pixmaps;
}

const QByteArray& source(const QString& name) {
  static QHash<QString, QByteArray> sources;
  auto it = sources.find(name);
  if (it == sources.end()) {
    QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
    QByteArray svg;
    if (file.open(QIODevice::ReadOnly)) svg = file.readAll();
    it = sources.insert(name, svg);
  }
  return *it;
}

class Engine : public QIconEngine {
 public:
  Engine(QString name, Token token, bool padded) : m_name(std::move(name)), m_token(token), m_padded(padded) {}
  QIconEngine* clone() const override { return new Engine(*this); }
  QString key() const override { return QStringLiteral("scalewright"); }

  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
    const double ratio = painter->device() ? painter->device()->devicePixelRatioF() : 1.0;
    const double size = std::min(rect.height(), rect.width());
    const double x = m_padded ? rect.x() : rect.x() + (rect.width() - size) / 2.0;
    painter->drawPixmap(QPointF(x, rect.y() + (rect.height() - size) / 2.0), iconPixmap(m_name, ink(mode), size, ratio));
  }
  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override { return scaledPixmap(size, mode, state, 1.0); }
  // `size` is in device pixels.
  QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State, qreal) override {
    QPixmap whole(size);
    whole.fill(Qt::transparent);
    QPainter painter(&whole);
    const double side = std::min(size.width(), size.height());
    const double x = m_padded ? 0.0 : (size.width() - side) / 2.0;
    painter.drawPixmap(QPointF(x, (size.height() - side) / 2.0), iconPixmap(m_name, ink(mode), side, 1.0));
    return whole;
  }

 private:
  QColor ink(QIcon::Mode mode) const { return mode == QIcon::Disabled ? color(&ThemeTokens::text3) : color(m_token); }
  QString m_name;
  Token m_token;
  bool m_padded;
};

}  // namespace

QIcon icon(const QString& name, Token token) { return QIcon(new Engine(name, token, false)); }
QIcon buttonIcon(const QString& name, Token token) { return QIcon(new Engine(name, token, true)); }

QPixmap iconPixmap(const QString& name, const QColor& color, double size, double ratio, double stroke) {
  const QString key = QStringLiteral("%1|%2|%3|%4|%5").arg(name, color.name()).arg(size).arg(ratio).arg(stroke);
  auto it = cache().constFind(key);
  if (it != cache().constEnd()) return *it;
  const int pixels = std::max(1, int(std::lround(size * ratio)));
  QPixmap pixmap(pixels, pixels);
  pixmap.fill(Qt::transparent);
  QByteArray svg = source(name);
  svg.replace("currentColor", color.name().toLatin1());
  if (stroke != 1.75) svg.replace("stroke-width=\"1.75\"", "stroke-width=\"" + QByteArray::number(stroke) + "\"");
  QSvgRenderer renderer(svg);
  QPainter painter(&pixmap);
  painter.setRenderHint(QPainter::Antialiasing);
  renderer.render(&painter, QRectF(0, 0, pixels, pixels));
  painter.end();
  pixmap.setDevicePixelRatio(ratio);
  cache().insert(key, pixmap);
  return pixmap;
}

QString iconFile(const QString& name, const QColor& color, int size) {
  static QTemporaryDir folder;
  const QString base = QDir(folder.path()).filePath(QStringLiteral("%1-%2-%3").arg(name, color.name().mid(1)).arg(px(size)));
  const QString plain = base + QStringLiteral(".png");
  if (!QFile::exists(plain)) {
    const double stroke = name == QLatin1String("check") ? 2.6 : 1.75;
    iconPixmap(name, color, px(size), 1.0, stroke).save(plain);
    QPixmap twice = iconPixmap(name, color, px(size), 2.0, stroke);
    twice.setDevicePixelRatio(1.0);
    twice.save(base + QStringLiteral("@2x.png"));
  }
  return plain;
}

void paintLogo(QPainter* painter, const QRectF& rect, const QColor& ground, const QColor& steps) {
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  painter->translate(rect.topLeft());
  painter->scale(rect.width() / 26.0, rect.height() / 26.0);
  painter->setPen(Qt::NoPen);
  painter->setBrush(ground);
  painter->drawRoundedRect(QRectF(0, 0, 26, 26), 7, 7);
  painter->setPen(QPen(steps, 2.2, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  painter->setBrush(Qt::NoBrush);
  painter->drawPolyline(QPolygonF{{5.5, 19.5}, {9.5, 19.5}, {9.5, 14.5}, {14, 14.5}, {14, 9.5}, {18.5, 9.5}, {18.5, 6.5}, {20.5, 6.5}});
  painter->restore();
}

QIcon applicationIcon() {
  QIcon result;
  for (int size : {16, 24, 32, 48, 64, 128, 256}) {
    QPixmap pixmap(size, size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    paintLogo(&painter, QRectF(0, 0, size, size), lightTokens().accent, lightTokens().onAccent);
    painter.end();
    result.addPixmap(pixmap);
  }
  return result;
}

void clearIconCache() { cache().clear(); }

}  // namespace scalewright::ui
