#pragma once
// Icons: SVG on a 24 grid, stroke 1.75, painted in a token's colour at the size and pixel ratio asked for.

#include <QIcon>
#include <QPixmap>
#include <QString>

#include "ui/settings/theme_tokens.h"

namespace scalewright::ui {

// `name` is a file of resources/icons without ".svg". The colour follows the theme by itself.
QIcon icon(const QString& name, Token token = &ThemeTokens::text2);
// As icon(), with room behind the glyph, so that Fusion's button text keeps its distance.
QIcon buttonIcon(const QString& name, Token token);
QPixmap iconPixmap(const QString& name, const QColor& color, double size, double ratio, double stroke = 1.75);
// A file of the icon for the style sheet, in a temporary folder of this process.
QString iconFile(const QString& name, const QColor& color, int size);
QIcon applicationIcon();
// The mark of the product: a rounded square of the accent with rising steps.
void paintLogo(QPainter* painter, const QRectF& rect, const QColor& ground, const QColor& steps);
void clearIconCache();

}  // namespace scalewright::ui
