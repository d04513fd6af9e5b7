#pragma once
// Fusion with the few metrics that the look needs.

#include <QProxyStyle>
#include <QStyleFactory>

namespace scalewright::ui {

class ProxyStyle : public QProxyStyle {
 public:
  ProxyStyle() : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))) {}

  int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override {
    switch (metric) {
      case PM_FocusFrameHMargin:
      case PM_FocusFrameVMargin: return 4;
      case PM_SubMenuOverlap: return 0;
      default: return QProxyStyle::pixelMetric(metric, option, widget);
    }
  }
  // Mnemonics are underlined while Alt is held, as on desktops that hide them.
  static void showMnemonics(bool on) { s_mnemonics = on; }
  static bool mnemonicsShown() { return s_mnemonics; }

  int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget, QStyleHintReturn* data) const override {
    switch (hint) {
      case SH_FocusFrame_AboveWidget: return 1;  // a ring among siblings would be cut at the edge of their parent
      case SH_ToolTip_WakeUpDelay: return 500;
      case SH_DialogButtonBox_ButtonsHaveIcons: return 0;
      case SH_EtchDisabledText: return 0;
      case SH_UnderlineShortcut: return s_mnemonics ? 1 : 0;
      case SH_Slider_AbsoluteSetButtons: return Qt::LeftButton;
      default: return QProxyStyle::styleHint(hint, option, widget, data);
    }
  }

 private:
  static inline bool s_mnemonics = false;
};

}  // namespace scalewright::ui
