#include "ui/settings/theme_tokens.h"

#include <algorithm>
#include <cmath>

namespace scalewright::ui {
namespace {

constexpr QColor rgb(unsigned hex) { return QColor(int(hex >> 16 & 0xFF), int(hex >> 8 & 0xFF), int(hex & 0xFF)); }

constexpr ThemeTokens kLight{
    .dark = false,
    .rail = rgb(0xEEF2F1),
    .page = rgb(0xF8FAF9),
    .card = rgb(0xFFFFFF),
    .sunken = rgb(0xF0F4F3),
    .raised = rgb(0xFFFFFF),
    .border = rgb(0xDCE4E2),
    .control = rgb(0x7F8E8B),
    .chip = rgb(0xE4EBE9),
    .hover = rgb(0xE6ECEA),
    .press = rgb(0xDAE3E1),
    .text = rgb(0x14201E),
    .text2 = rgb(0x43524F),
    .text3 = rgb(0x5E6D6A),
    .accent = rgb(0x0B7570),
    .accentHover = rgb(0x095F5B),
    .accentPress = rgb(0x074C49),
    .onAccent = rgb(0xFFFFFF),
    .accentSoft = rgb(0xDCF0ED),
    .accentLine = rgb(0x9FD3CD),
    .accentText = rgb(0x0A5F5B),
    .learned = rgb(0xBDE5E0),
    .ok = rgb(0x2C7430),
    .okSoft = rgb(0xE3F2E2),
    .warn = rgb(0x8A4F00),
    .warnSoft = rgb(0xFCF0D9),
    .warnLine = rgb(0xE8C98F),
    .danger = rgb(0xB3261E),
    .dangerSoft = rgb(0xFBE8E6),
    .dangerLine = rgb(0xEDB5B0),
    .info = rgb(0x1F5FA8),
    .infoSoft = rgb(0xE4EEFA),
    .grid = rgb(0xE7ECEB),
    .axis = rgb(0x5E6D6A),
    .heat0 = rgb(0xEAF4F2),
    .heat1 = rgb(0x05403D),
    .seriesRaw = rgb(0x8FBFBA),
    .seriesSmooth = rgb(0x0B7570),
    .seriesValidation = rgb(0xC2410C),
    .seriesRate = rgb(0x6B4BC0),
    .seriesGradient = rgb(0x8A7A4A),
    .memoryWeights = rgb(0xA5B3B5),
    .memoryScales = rgb(0x0B7570),
    .memoryActivations = rgb(0xE3A32E),
    .memoryLogits = rgb(0x7458C8),
    .memoryWorkspace = rgb(0x4C97DC),
    .run1 = rgb(0x0B7570),
    .run2 = rgb(0xC2410C),
    .run3 = rgb(0x4656C4),
    .run4 = rgb(0xB07A00),
    .run5 = rgb(0xD16BAE),
    .run6 = rgb(0x87959A),
};

constexpr ThemeTokens kDark{
    .dark = true,
    .rail = rgb(0x0E1314),
    .page = rgb(0x13191A),
    .card = rgb(0x1A2122),
    .sunken = rgb(0x111718),
    .raised = rgb(0x222B2C),
    .border = rgb(0x2B3637),
    .control = rgb(0x778A8A),
    .chip = rgb(0x2A3536),
    .hover = rgb(0x222C2D),
    .press = rgb(0x2A3536),
    .text = rgb(0xE9EFEE),
    .text2 = rgb(0xB7C3C1),
    .text3 = rgb(0x93A19F),
    .accent = rgb(0x45C2B7),
    .accentHover = rgb(0x63D2C8),
    .accentPress = rgb(0x36A99F),
    .onAccent = rgb(0x04201E),
    .accentSoft = rgb(0x143533),
    .accentLine = rgb(0x2A6B66),
    .accentText = rgb(0x72DCD2),
    .learned = rgb(0x1C524E),
    .ok = rgb(0x86C981),
    .okSoft = rgb(0x1B2F1D),
    .warn = rgb(0xF0B65F),
    .warnSoft = rgb(0x33280F),
    .warnLine = rgb(0x6B5524),
    .danger = rgb(0xFF8D84),
    .dangerSoft = rgb(0x3B1E1D),
    .dangerLine = rgb(0x7A3B38),
    .info = rgb(0x82B7F3),
    .infoSoft = rgb(0x17293E),
    .grid = rgb(0x263031),
    .axis = rgb(0x93A19F),
    .heat0 = rgb(0x1F2B2B),
    .heat1 = rgb(0x8FF0E6),
    .seriesRaw = rgb(0x2F7C76),
    .seriesSmooth = rgb(0x45C2B7),
    .seriesValidation = rgb(0xFF9A5C),
    .seriesRate = rgb(0xB69CFF),
    .seriesGradient = rgb(0xEFE6C2),
    .memoryWeights = rgb(0x64747A),
    .memoryScales = rgb(0x45C2B7),
    .memoryActivations = rgb(0xEDB74E),
    .memoryLogits = rgb(0x8A6CE6),
    .memoryWorkspace = rgb(0x8CC8FF),
    .run1 = rgb(0x45C2B7),
    .run2 = rgb(0xFF9A5C),
    .run3 = rgb(0x8E9BFF),
    .run4 = rgb(0xE3B341),
    .run5 = rgb(0xCF5BA6),
    .run6 = rgb(0xDCE4E5),
};

// Relative luminance of WCAG 2.
double luminance(const QColor& color) {
  auto linear = [](double v) { return v <= 0.03928 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
  return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

}  // namespace

const ThemeTokens& lightTokens() { return kLight; }
const ThemeTokens& darkTokens() { return kDark; }

const QList<NamedToken>& namedTokens() {
  static const QList<NamedToken> sorted = [] {
    QList<NamedToken> list{
        {"rail", &ThemeTokens::rail},
        {"page", &ThemeTokens::page},
        {"card", &ThemeTokens::card},
        {"sunken", &ThemeTokens::sunken},
        {"raised", &ThemeTokens::raised},
        {"border", &ThemeTokens::border},
        {"control", &ThemeTokens::control},
        {"chip", &ThemeTokens::chip},
        {"hover", &ThemeTokens::hover},
        {"press", &ThemeTokens::press},
        {"text", &ThemeTokens::text},
        {"text2", &ThemeTokens::text2},
        {"text3", &ThemeTokens::text3},
        {"accent", &ThemeTokens::accent},
        {"accent_hover", &ThemeTokens::accentHover},
        {"accent_press", &ThemeTokens::accentPress},
        {"on_accent", &ThemeTokens::onAccent},
        {"accent_soft", &ThemeTokens::accentSoft},
        {"accent_line", &ThemeTokens::accentLine},
        {"accent_text", &ThemeTokens::accentText},
        {"learned", &ThemeTokens::learned},
        {"ok", &ThemeTokens::ok},
        {"ok_soft", &ThemeTokens::okSoft},
        {"warn", &ThemeTokens::warn},
        {"warn_soft", &ThemeTokens::warnSoft},
        {"warn_line", &ThemeTokens::warnLine},
        {"danger", &ThemeTokens::danger},
        {"danger_soft", &ThemeTokens::dangerSoft},
        {"danger_line", &ThemeTokens::dangerLine},
        {"info", &ThemeTokens::info},
        {"info_soft", &ThemeTokens::infoSoft},
        {"grid", &ThemeTokens::grid},
        {"axis", &ThemeTokens::axis},
        {"heat0", &ThemeTokens::heat0},
        {"heat1", &ThemeTokens::heat1},
        {"series_raw", &ThemeTokens::seriesRaw},
        {"series_smooth", &ThemeTokens::seriesSmooth},
        {"series_validation", &ThemeTokens::seriesValidation},
        {"series_rate", &ThemeTokens::seriesRate},
        {"series_gradient", &ThemeTokens::seriesGradient},
        {"memory_weights", &ThemeTokens::memoryWeights},
        {"memory_scales", &ThemeTokens::memoryScales},
        {"memory_activations", &ThemeTokens::memoryActivations},
        {"memory_logits", &ThemeTokens::memoryLogits},
        {"memory_workspace", &ThemeTokens::memoryWorkspace},
        {"run1", &ThemeTokens::run1},
        {"run2", &ThemeTokens::run2},
        {"run3", &ThemeTokens::run3},
        {"run4", &ThemeTokens::run4},
        {"run5", &ThemeTokens::run5},
        {"run6", &ThemeTokens::run6},
    };
    std::stable_sort(list.begin(), list.end(),
                     [](const NamedToken& a, const NamedToken& b) { return qstrlen(a.name) > qstrlen(b.name); });
    return list;
  }();
  return sorted;
}

double contrastRatio(const QColor& a, const QColor& b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

QColor mixed(const QColor& a, const QColor& b, double fraction) {
  const double f = std::clamp(fraction, 0.0, 1.0);
  auto between = [f](int x, int y) { return int(std::lround(x + (y - x) * f)); };
  return QColor(between(a.red(), b.red()), between(a.green(), b.green()), between(a.blue(), b.blue()));
}

}  // namespace scalewright::ui
