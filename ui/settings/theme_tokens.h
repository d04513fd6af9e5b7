#pragma once
// The colours of the look, by what they are for. One struct, two constants; nothing else in the program names a colour.

#include <QColor>
#include <QString>

namespace scalewright::ui {

struct ThemeTokens {
  bool dark;
  // Surfaces, back to front.
  QColor rail, page, card, sunken, raised;
  QColor border, control;  // decoration; edge of controls
  QColor chip, hover, press;
  QColor text, text2, text3;
  QColor accent, accentHover, accentPress, onAccent;
  QColor accentSoft, accentLine, accentText, learned;
  QColor ok, okSoft, warn, warnSoft, warnLine, danger, dangerSoft, dangerLine, info, infoSoft;
  // Charts.
  QColor grid, axis, heat0, heat1;
  QColor seriesRaw, seriesSmooth, seriesValidation, seriesRate, seriesGradient;
  QColor memoryWeights, memoryScales, memoryActivations, memoryLogits, memoryWorkspace;
  QColor run1, run2, run3, run4, run5, run6;
};

// A colour by its purpose, resolved when painted, so that it follows the theme.
using Token = QColor ThemeTokens::*;

const ThemeTokens& lightTokens();
const ThemeTokens& darkTokens();

struct NamedToken {
  const char* name;  // as written in the style sheet: "accent_soft"
  Token token;
};
// Every token, longest name first (so that replacing "@accent_soft" comes before "@accent").
const QList<NamedToken>& namedTokens();

// WCAG 2 contrast ratio of two opaque colours, 1..21.
double contrastRatio(const QColor& a, const QColor& b);
// Between two colours, 0 gives a, 1 gives b.
QColor mixed(const QColor& a, const QColor& b, double fraction);

}  // namespace scalewright::ui
