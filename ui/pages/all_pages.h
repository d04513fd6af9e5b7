#pragma once
// Gives the window its pages.

namespace scalewright::ui {

class AppContext;
class MainWindow;

void installPages(MainWindow& window, AppContext& app);

}  // namespace scalewright::ui
