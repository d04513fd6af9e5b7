#pragma once
// What a cell tells the delegate besides its text. Models answer these roles; no widget lies in a cell.

#include <Qt>

namespace scalewright::ui {

enum CellRole {
  SubTextRole = Qt::UserRole + 1,  // QString: the second line
  ChipRole,                        // int(ui::Tone as 0 Neutral 1 Accent 2 Ok 3 Warn 4 Danger 5 Info): the text is a chip
  MonoRole,                        // bool: mono; numbers are also right-aligned by Qt::TextAlignmentRole
  StrongRole,                      // bool: semibold
  QuietRole,                       // bool: text2
  IconRole,                        // QString: an icon before the text
  IconToneRole,                    // int, as ChipRole
  MarkRole,                        // int 0..5: the mark of run 1..6 before the text; invalid: none
  SortRole,                        // what sorting compares
  // Qt::CheckStateRole shows a check box; the cell toggles it.
};

}  // namespace scalewright::ui
