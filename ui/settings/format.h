#pragma once
// Numbers as people read them, the same everywhere: bytes, counts, durations, moments.

#include <QString>
#include <QStringList>
#include <cstdint>

namespace scalewright::ui {

QString bytesText(quint64 bytes);           // "85.6 MB", "1.16 GB", "412 KB"; powers of ten
QString countText(qint64 count);            // "3,317,760"
QString shortCountText(qint64 count);       // "135 M", "1.54 B"
QString durationText(double seconds);       // "40 s", "3 min 22 s", "2 h 5 min"; empty when negative
QString timeLeftText(double seconds);       // "3 min 22 s left"; empty when not known
QString percentText(double fraction, int decimals = 1);  // "9.1 %"
QString numberText(double value, int decimals);          // "4.99"; "–" for NaN
QString rateText(double rate);              // 1e-3, 2.5e-4: how learning rates are written
QString momentText(qint64 unixSeconds);     // "3 min ago", "Today 14:02", "Yesterday", "12 March", "12 March 2025"
// The names of models for a list: two of one name get the folder that tells them apart.
QStringList distinctNames(QStringList names, const QStringList& paths);
QString folderText(const QString& path);    // with the home folder as ~
// A name as that of a file or folder: letters and digits of every script, '.', '_' and '-' stay, the rest becomes '-';
// no '-' or '.' begins or ends it. "run" where nothing is left.
QString fileNameText(const QString& name);
QString headingText(const QString& words);   // with a capital: "reading rows" as "Reading rows"
QString hashText(const QString& hash);      // "5e1f…c2d7"

}  // namespace scalewright::ui
