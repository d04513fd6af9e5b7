#pragma once
// Translations read straight from the .ts files in the resources: no compiled form, no tool needed to build.

#include <QHash>
#include <QString>
#include <QTranslator>

namespace scalewright::ui {

class TsTranslator : public QTranslator {
 public:
  // False when the file cannot be read; then nothing is translated.
  bool loadTs(const QString& path);
  QString translate(const char* context, const char* source, const char* disambiguation, int n) const override;
  bool isEmpty() const override { return m_texts.isEmpty(); }
  qsizetype size() const { return m_texts.size(); }

 private:
  QHash<QByteArray, QStringList> m_texts;   // context, 0, source, 0, comment -> forms
  QHash<QByteArray, QStringList> m_shared;  // source -> forms: a text that moved to another class keeps its translation
};

// Installs the translation for a language code ("de"; empty: the system's) and Qt's own texts, for as long as it lives.
class Language {
 public:
  explicit Language(const QString& code);
  ~Language();
  static QStringList available();              // codes: "en", "de"
  static QString nameOf(const QString& code);  // in its own words

 private:
  TsTranslator m_ours;
  QTranslator m_qt;
};

}  // namespace scalewright::ui
