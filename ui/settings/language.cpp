#include "ui/settings/language.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QLibraryInfo>
#include <QLocale>
#include <QXmlStreamReader>

namespace scalewright::ui {
namespace {

QByteArray keyOf(const QByteArray& context, const QByteArray& source, const QByteArray& comment) { return context + '\0' + source + '\0' + comment; }

}  // namespace

bool TsTranslator::loadTs(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) return false;
  m_texts.clear();
  m_shared.clear();
  QXmlStreamReader xml(&file);
  QByteArray context, source, comment;
  QStringList forms;
  bool finished = true;
  while (!xml.atEnd()) {
    xml.readNext();
    if (xml.isStartElement()) {
      const QStringView name = xml.name();
      if (name == QLatin1String("name")) {
        context = xml.readElementText().toUtf8();
      } else if (name == QLatin1String("message")) {
        source.clear();
        comment.clear();
        forms.clear();
        finished = true;
      } else if (name == QLatin1String("source")) {
        source = xml.readElementText().toUtf8();
      } else if (name == QLatin1String("comment")) {
        comment = xml.readElementText().toUtf8();
      } else if (name == QLatin1String("translation")) {
        finished = xml.attributes().value(QLatin1String("type")) != QLatin1String("unfinished");
        // Plural messages hold one <numerusform> a form, others plain text.
        QString plain;
        while (!(xml.readNext() == QXmlStreamReader::EndElement && xml.name() == QLatin1String("translation")) && !xml.atEnd()) {
          if (xml.isStartElement() && xml.name() == QLatin1String("numerusform"))
            forms << xml.readElementText();
          else if (xml.isCharacters())
            plain += xml.text();
        }
        if (forms.isEmpty() && !plain.isEmpty()) forms << plain;
      }
    } else if (xml.isEndElement() && xml.name() == QLatin1String("message")) {
      if (finished && !forms.isEmpty()) {
        m_texts.insert(keyOf(context, source, comment), forms);
        if (comment.isEmpty()) m_shared.insert(source, forms);
      }
    }
  }
  return !xml.hasError();
}

QString TsTranslator::translate(const char* context, const char* source, const char* disambiguation, int n) const {
  auto it = m_texts.constFind(keyOf(context, source, disambiguation ? QByteArray(disambiguation) : QByteArray()));
  if (it == m_texts.constEnd()) {
    // Only for classes of ours: Qt's own texts have translations of their own.
    if (!QByteArrayView(context).startsWith("scalewright")) return {};
    it = m_shared.constFind(source);
    if (it == m_shared.constEnd()) return {};
  }
  // Two forms as in English and German: one and many.
  QString text = it->size() > 1 && n != 1 ? it->at(1) : it->at(0);
  if (n >= 0) text.replace(QLatin1String("%n"), QLocale().toString(n));
  return text;
}

Language::Language(const QString& code) {
  const QString wanted = code.isEmpty() ? QLocale::system().name().section(QLatin1Char('_'), 0, 0) : code;
  QLocale::setDefault(wanted == QLatin1String("de") ? QLocale(QLocale::German) : QLocale(QLocale::English));
  if (m_qt.load(QStringLiteral("qtbase_") + wanted, QLibraryInfo::path(QLibraryInfo::TranslationsPath))) QCoreApplication::installTranslator(&m_qt);
  // English has a file too: its plurals.
  const QString file = QStringLiteral(":/translations/scalewright_%1.ts");
  if (m_ours.loadTs(file.arg(wanted)) || m_ours.loadTs(file.arg(QStringLiteral("en"))))
    QCoreApplication::installTranslator(&m_ours);
}
Language::~Language() {
  QCoreApplication::removeTranslator(&m_ours);
  QCoreApplication::removeTranslator(&m_qt);
}

QStringList Language::available() {
  QStringList codes;
  for (const QString& file : QDir(QStringLiteral(":/translations")).entryList({QStringLiteral("scalewright_*.ts")}))
    codes << file.section(QLatin1Char('_'), 1).section(QLatin1Char('.'), 0, 0);
  return codes;
}
QString Language::nameOf(const QString& code) { return QLocale(code).nativeLanguageName(); }

}  // namespace scalewright::ui
