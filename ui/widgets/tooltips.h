#pragma once
// Tooltips are wrapped where lines of their length can be read, whoever shows them.

#include <QString>

class QEvent;
class QObject;
class QPoint;
class QWidget;

namespace scalewright::ui {

// Plain text, broken into lines of at most 64 letters' width or so, and cut after two dozen of them.
QString wrappedTip(const QString& text);
void showTip(const QPoint& global, const QString& text, QWidget* on);
// For the application's event filter: shows the tooltip of a widget, or of a cell of a view, in place of Qt. False: not a tooltip, or one
// that the widget makes up itself.
bool showWrapped(QObject* watched, QEvent* event);

}  // namespace scalewright::ui
