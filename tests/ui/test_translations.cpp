// Every text of the window has a translation in each language that is offered, with the same places to fill in.

#include <QDir>
#include <QFile>
#include <QRegularExpression>
#include <QTest>
#include <QXmlStreamReader>
#include <functional>

class TestTranslations : public QObject {
  Q_OBJECT

  // The texts inside tr(...), words(...) and translate("context", ...), adjacent literals joined.
  static QSet<QString> sourceTexts() {
    QSet<QString> texts;
    const QString literal = QStringLiteral("\"(?:[^\"\\\\]|\\\\.)*\"");
    const QRegularExpression call(QStringLiteral("\\b(?:tr|words|QT_TR_NOOP|translate\\(\"\\w+\",)\\s*\\(?\\s*((?:%1\\s*)+)").arg(literal)), single(literal);
    std::function<void(const QString&)> walk = [&](const QString& folder) {
      for (const QFileInfo& info : QDir(folder).entryInfoList(QDir::Files | QDir::Dirs | QDir::NoDotAndDotDot)) {
        if (info.isDir()) {
          walk(info.absoluteFilePath());
          continue;
        }
        QFile file(info.absoluteFilePath());
        if (!file.open(QIODevice::ReadOnly) || !(info.suffix() == "cpp" || info.suffix() == "h")) continue;
        QString code = QString::fromUtf8(file.readAll());
        code.remove(QRegularExpression(QStringLiteral("(?m)^\\s*//.*$")));
        for (auto it = call.globalMatch(code); it.hasNext();) {
          const QString literals = it.next().captured(1);
          QString text;
          for (auto part = single.globalMatch(literals); part.hasNext();) {
            const QString raw = part.next().captured();
            text += raw.mid(1, raw.size() - 2);
          }
          text.replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\");
          if (!text.isEmpty()) texts << text;
        }
      }
    };
    walk(QStringLiteral(SCALEWRIGHT_SOURCE_DIR "/ui"));
    return texts;
  }

  static QHash<QString, QString> translations(const QString& path) {
    QHash<QString, QString> found;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) return found;
    QXmlStreamReader xml(&file);
    QString source;
    while (!xml.atEnd()) {
      xml.readNext();
      if (!xml.isStartElement()) continue;
      if (xml.name() == QLatin1String("source")) source = xml.readElementText();
      if (xml.name() == QLatin1String("translation")) found.insert(source, xml.readElementText(QXmlStreamReader::IncludeChildElements));
    }
    return xml.hasError() ? QHash<QString, QString>() : found;
  }
  static QStringList places(const QString& text) {
    QStringList list;
    static const QRegularExpression place(QStringLiteral("%(?:\\d|n)"));
    for (auto it = place.globalMatch(text); it.hasNext();) list << it.next().captured();
    list.removeDuplicates();
    list.sort();
    return list;
  }

 private slots:
  void germanIsComplete() {
    const auto found = translations(QStringLiteral(SCALEWRIGHT_SOURCE_DIR "/resources/translations/scalewright_de.ts"));
    QVERIFY(found.size() > 300);
    QStringList missing, wrong;
    for (const QString& text : sourceTexts()) {
      if (!found.contains(text))
        missing << text;
      else if (places(text) != places(found.value(text)))
        wrong << text;
    }
    QVERIFY2(missing.isEmpty(), qPrintable(QStringLiteral("%1 without translation:\n").arg(missing.size()) + missing.join('\n')));
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
  }
};

QTEST_APPLESS_MAIN(TestTranslations)
#include "test_translations.moc"
