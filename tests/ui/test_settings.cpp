// Settings and project: what was chosen comes back; damaged and newer files cost nothing else.

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "ui/settings/folders.h"
#include "ui/settings/format.h"
#include "ui/settings/language.h"
#include "ui/settings/project.h"
#include "ui/settings/settings.h"

using namespace scalewright::ui;

class TestSettings : public QObject {
  Q_OBJECT

 private slots:
  void init() {
    m_dir = std::make_unique<QTemporaryDir>();
    m_file = m_dir->filePath("scalewright.ini");
  }

  // A dialog begins where the one for the same purpose ended, as long as that folder is there.
  void foldersOfDialogsComeBack() {
    Settings settings(m_file);
    QTemporaryDir models;
    QFile file(models.filePath("a.gguf"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    keepFolder(settings, Purpose::Model, models.filePath("a.gguf"));
    QCOMPARE(lastFolder(settings, Purpose::Model), models.path());
    QCOMPARE(lastFolder(settings, Purpose::Text, "/here"), "/here");
    QVERIFY(models.remove());
    QCOMPARE(lastFolder(settings, Purpose::Model, "/here"), "/here");
  }

  void whatWasChosenComesBack() {
    {
      Settings settings(m_file);
      settings.setThemeMode(ThemeMode::Dark);
      settings.setFontScale(1.25);
      settings.setThreads(3);
      settings.setDevice("cpu");
      settings.setGeometry("bytes");
      settings.setState("models/table", "columns");
      settings.addRecentModel("/a.gguf");
      settings.addRecentModel("/b.gguf");
      QVERIFY(settings.save());
    }
    Settings settings(m_file);
    QVERIFY(settings.themeMode() == ThemeMode::Dark);
    QCOMPARE(settings.fontScale(), 1.25);
    QCOMPARE(settings.threads(), 3);
    QCOMPARE(settings.device(), "cpu");
    QCOMPARE(settings.geometry(), QByteArray("bytes"));
    QCOMPARE(settings.state("models/table"), QByteArray("columns"));
    QCOMPARE(settings.recentModels(), QStringList({"/b.gguf", "/a.gguf"}));
    for (const char* device : {"cuda", "cuda:all", "auto"}) {
      settings.setDevice(device);
      QCOMPARE(settings.device(), device);
    }
    settings.setDevice("abacus");  // by hand, in the file
    QCOMPARE(settings.device(), "auto");
  }

  void nonsenseIsBounded() {
    QFile file(m_file);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("[look]\nfont_scale=nan\ntheme=purple\n[engine]\nthreads=-7\ndevice=toaster\n");
    file.close();
    Settings settings(m_file);
    QCOMPARE(settings.fontScale(), 1.0);
    QVERIFY(settings.themeMode() == ThemeMode::System);
    QCOMPARE(settings.threads(), 0);
    QCOMPARE(settings.device(), "auto");
  }

  void aNewerFileIsKeptAside() {
    {
      QFile file(m_file);
      QVERIFY(file.open(QIODevice::WriteOnly));
      file.write("version=99\n[look]\ntheme=light\n");
    }
    Settings settings(m_file);
    QVERIFY(!settings.warning().isEmpty());
    QVERIFY(QFile::exists(m_file + ".v99"));
    QVERIFY(settings.themeMode() == ThemeMode::Light);
  }

  void changesAreToldOnce() {
    Settings settings(m_file);
    QSignalSpy spy(&settings, &Settings::changed);
    settings.setThreads(2);
    settings.setThreads(2);
    QCOMPARE(spy.count(), 1);
  }

  void projectComesBackAndSurvivesDamage() {
    Settings settings(m_file);
    Project project(settings);
    QVERIFY(!project.isOpen());
    QVERIFY(project.open(m_dir->filePath("Orders")));
    project.addModel("/m.gguf");
    project.addDataset("/d.jsonl");
    {
      Project again(settings);
      QCOMPARE(again.name(), "Orders");
      QCOMPARE(again.models(), QStringList("/m.gguf"));
      QCOMPARE(again.datasets(), QStringList("/d.jsonl"));
    }
    QFile file(m_dir->filePath("Orders/project.json"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{ not json");
    file.close();
    Project damaged(settings);
    QVERIFY(damaged.isOpen());
    QVERIFY(damaged.models().isEmpty());
    QVERIFY(QFile::exists(file.fileName() + ".damaged"));
    QString error;
    QVERIFY(!damaged.open("/proc/no/such", &error));
    QVERIFY(!error.isEmpty());
    QCOMPARE(damaged.name(), "Orders");
  }

  void numbersReadAsPeopleReadThem() {
    QLocale::setDefault(QLocale::c());
    QCOMPARE(bytesText(85'600'000), "85.6 MB");
    QCOMPARE(bytesText(1'160'000'000), "1.16 GB");
    QCOMPARE(bytesText(412'000), "412 KB");
    QCOMPARE(bytesText(999'999'999), "1.00 GB");
    QCOMPARE(shortCountText(134'515'008), "135 M");
    QCOMPARE(shortCountText(1'543'714'304), "1.54 B");
    QCOMPARE(durationText(202), "3 min 22 s");
    QCOMPARE(durationText(40), "40 s");
    QCOMPARE(durationText(7500), "2 h 5 min");
    QCOMPARE(durationText(-1), "");
    QCOMPARE(timeLeftText(3.2), "4 s left");
    QCOMPARE(timeLeftText(0), "a moment left");
    QCOMPARE(fileNameText(QString::fromUtf8("Übung 😀 größe-quick")), QString::fromUtf8("Übung-größe-quick"));
    QCOMPARE(fileNameText("--my.run: 2/3."), "my.run-2-3");
    QCOMPARE(fileNameText(QString::fromUtf8("練習 1")), QString::fromUtf8("練習-1"));
    QCOMPARE(fileNameText(QString::fromUtf8("😀")), "run");
    QCOMPARE(rateText(1e-3), "1e-3");
    QCOMPARE(rateText(2.5e-4), "2.5e-4");
    QCOMPARE(hashText("5e1f00000000c2d7"), QStringLiteral("5e1f…c2d7"));
    QCOMPARE(percentText(0.0912), "9.1 %");
  }

  void translationsAreReadFromTheirSource() {
    QFile file(m_dir->filePath("t.ts"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(R"(<?xml version="1.0" encoding="utf-8"?><!DOCTYPE TS><TS version="2.1" language="de"><context><name>Ctx</name>
<message><source>Open</source><translation>Öffnen</translation></message>
<message numerus="yes"><source>%n model(s)</source><translation><numerusform>%n Modell</numerusform><numerusform>%n Modelle</numerusform></translation></message>
<message><source>Later</source><translation type="unfinished">x</translation></message></context></TS>)");
    file.close();
    TsTranslator translator;
    QVERIFY(translator.loadTs(file.fileName()));
    QCOMPARE(translator.translate("Ctx", "Open", nullptr, -1), QStringLiteral("Öffnen"));
    QCOMPARE(translator.translate("Ctx", "%n model(s)", nullptr, 1), "1 Modell");
    QCOMPARE(translator.translate("Ctx", "%n model(s)", nullptr, 3), "3 Modelle");
    QVERIFY(translator.translate("Ctx", "Later", nullptr, -1).isNull());
    QVERIFY(translator.translate("Other", "Open", nullptr, -1).isNull());
    QCOMPARE(translator.translate("scalewright::ui::Moved", "Open", nullptr, -1), QStringLiteral("Öffnen"));
  }

 private:
  std::unique_ptr<QTemporaryDir> m_dir;
  QString m_file;
};

QTEST_GUILESS_MAIN(TestSettings)
#include "test_settings.moc"
