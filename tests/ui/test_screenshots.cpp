// Writes a picture of every page in both themes, several sizes and both languages; looked at by people, not compared. The folder
// is the environment variable SCALEWRIGHT_SCREENSHOTS, else the build's "screenshots"; where it is given there are more of them.

#include "tests/ui/ui_fixture.h"

#include <QAbstractButton>
#include <QComboBox>
#include <QDialog>
#include <QSpinBox>
#include <QTableView>
#include <QTimer>

#include "engine/export/exporter.h"
#include "ui/pages/data_file_row.h"
#include "ui/pages/score_dialog.h"
#include "ui/settings/language.h"
#include "ui/widgets/button.h"
#include "ui/widgets/toast.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestScreenshots : public QObject {
  Q_OBJECT

 private:
  QString m_folder;

  // Whether somebody wants to look at them; a test alone takes fewer.
  static bool forPeople() { return qEnvironmentVariableIsSet("SCALEWRIGHT_SCREENSHOTS"); }
  void settle(TestWindow& w, int jobs = 120000) {
    w.waitForJobs(jobs);
    QTest::qWait(250);
  }
  void shoot(QWidget& widget, const QString& name, const QString& suffix) {
    QTest::qWait(180);
    QVERIFY(widget.grab().save(m_folder + QStringLiteral("/%1-%2.png").arg(name, suffix)));
  }
  void shoot(TestWindow& w, const QString& name, const QString& suffix) { shoot(*w.window, name, suffix); }

 private:
  static QString languageOf(const QString& suffix) { return suffix.startsWith(QLatin1String("de-")) ? QStringLiteral("de") : QStringLiteral("en"); }
  // A full-precision model of a real size, made once from the sample; empty where there is no sample.
  QString fullModel() {
    if (sampleModel().isEmpty()) return {};
    const QString folder = m_full.filePath("SmolLM2-135M-Instruct");
    if (QDir(folder).exists()) return folder;
    Observer observer;
    auto model = load_model(sampleModel().toStdString(), observer);
    if (!model || !write_model(**model, ExportTarget::Safetensors, folder.toStdString(), {}, observer, {})) return {};
    return folder;
  }
  QTemporaryDir m_full;

 private slots:
  void initTestCase() {
    const QByteArray given = qgetenv("SCALEWRIGHT_SCREENSHOTS");
    m_folder = given.isEmpty() ? QStringLiteral(SCALEWRIGHT_BINARY_DIR "/screenshots") : QString::fromLocal8Bit(given);
    QVERIFY(QDir().mkpath(m_folder));
    qInstallMessageHandler(collectWarnings);
    // The person's sample model, found before each picture gets a home of its own.
    if (const QString sample = sampleModel(); !sample.isEmpty()) qputenv("SCALEWRIGHT_SAMPLE_MODEL", sample.toLocal8Bit());
  }

  void everyPage_data() {
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QSize>("size");
    QTest::newRow("light-1280") << false << QSize(1280, 720);
    QTest::newRow("dark-1920") << true << QSize(1920, 1080);
    QTest::newRow("light-1024") << false << QSize(1024, 640);
    QTest::newRow("de-light-1280") << false << QSize(1280, 720);
    if (!forPeople()) return;
    QTest::newRow("dark-1280") << true << QSize(1280, 720);
    QTest::newRow("light-1920") << false << QSize(1920, 1080);
    QTest::newRow("dark-1024") << true << QSize(1024, 768);
    QTest::newRow("de-dark-1024") << true << QSize(1024, 768);
    QTest::newRow("de-light-1920") << false << QSize(1920, 1080);
  }
  void everyPage() {
    QFETCH(bool, dark);
    QFETCH(QSize, size);
    const QString suffix = QString::fromLatin1(QTest::currentDataTag());
    const Language language(languageOf(suffix));
    Home home;
    const ThemeMode mode = dark ? ThemeMode::Dark : ThemeMode::Light;
    {
      TestWindow w(home, mode, size);
      settle(w);
      shoot(w, "10-first-start", suffix);
      for (Place place : {Place::Quantize, Place::Tune, Place::Runs, Place::Chat, Place::Export, Place::Settings, Place::Help}) {
        w.window->showPlace(place);
        settle(w);
        shoot(w, QStringLiteral("20-empty-%1").arg(int(place)), suffix);
      }
    }
    QStringList models;
    const QString folder = home.path("home/models");
    QDir().mkpath(folder);
    if (!sampleModel().isEmpty()) {
      const QString link = folder + "/" + QFileInfo(sampleModel()).fileName();
      QFile::link(sampleModel(), link);
      QFile whole(sampleModel());
      QVERIFY(whole.open(QIODevice::ReadOnly));
      QFile cut(folder + "/Half-Downloaded.Q4_1.gguf");
      QVERIFY(cut.open(QIODevice::WriteOnly));
      cut.write(whole.read(3'000'000));
      models << link;
    }
    if (!fullModel().isEmpty())
      QVERIFY(QFile::link(fullModel(), folder + "/SmolLM2-135M-Instruct"));
    else if (!smallModel().isEmpty())
      QVERIFY(copyFolder(smallModel(), folder + "/small-llama"));
    if (QDir(folder + "/SmolLM2-135M-Instruct").exists()) models << folder + "/SmolLM2-135M-Instruct";
    TestWindow w(home, mode, size);
    w.context->catalog().add({folder});
    if (!models.isEmpty()) w.window->openPaths({models.last(), models.first()});
    settle(w);
    shoot(w, "01-models", suffix);
    if (auto* tab = buttonOf(w.window->page(Place::Models), QStringLiteral("Chat template"))) {
      tab->click();
      shoot(w, "01b-models-template", suffix);
      buttonOf(w.window->page(Place::Models), QStringLiteral("File"))->click();
      shoot(w, "01c-models-file", suffix);
      buttonOf(w.window->page(Place::Models), QStringLiteral("Tensors"))->click();
    }
    if (!models.isEmpty()) {
      w.window->openPaths({folder + "/Half-Downloaded.Q4_1.gguf"});
      settle(w);
      shoot(w, "11-error-file", suffix);
      w.window->page(Place::Models)->refresh();
    }
    for (auto [place, name] : {std::pair{Place::Quantize, "02-quantize"}, {Place::Tune, "04-tune"}, {Place::Runs, "07-runs"}, {Place::Chat, "08-chat"}, {Place::Export, "09-export"},
                               {Place::Settings, "14-settings"}, {Place::Help, "15-help"}}) {
      w.window->showPlace(place);
      settle(w);
      shoot(w, QLatin1String(name), suffix);
    }
    w.window->showPlace(Place::Help);
    w.window->deliver({Place::Help, QStringLiteral("about"), {}});
    shoot(w, "15b-about", suffix);
  }

  void quantizeAndExport_data() {
    QTest::addColumn<bool>("dark");
    QTest::newRow("dark-1280") << true;
    if (!forPeople()) return;
    QTest::newRow("light-1280") << false;
    QTest::newRow("de-light-1280") << false;
  }
  void quantizeAndExport() {
    if (fullModel().isEmpty() && smallModel().isEmpty()) QSKIP("No sample model and no golden sets here.");
    QFETCH(bool, dark);
    const QString suffix = QString::fromLatin1(QTest::currentDataTag());
    const Language language(languageOf(suffix));
    Home home;
    const QString folder = home.path("home/models");
    QDir().mkpath(folder);
    if (!fullModel().isEmpty())
      QVERIFY(QFile::link(fullModel(), folder + "/SmolLM2-135M-Instruct"));
    else
      QVERIFY(copyFolder(smallModel(), folder + "/small-llama"));
    TestWindow w(home, dark ? ThemeMode::Dark : ThemeMode::Light);
    w.context->catalog().add({folder});
    if (!fullModel().isEmpty()) w.window->openPaths({folder + "/SmolLM2-135M-Instruct"});
    QFile text(home.path("home/harbour.txt"));
    QVERIFY(text.open(QIODevice::WriteOnly));
    for (int i = 0; i < 40; ++i)
      text.write(QStringLiteral("On day %1 the harbour master counted %2 boats. The wind came from the west and the water was %3 degrees warm. He wrote it down and went home.\n").arg(i).arg(i * 7 % 23).arg(9 + i % 8).toUtf8());
    text.close();
    settle(w);
    w.context->project().addDataset(text.fileName());
    w.settings.setValue("page/quantize/text", text.fileName());
    w.window->showPlace(Place::Quantize);
    settle(w);
    if (auto* trial = buttonOf(w.window->page(Place::Quantize), QStringLiteral("Try it")); trial && trial->isEnabled()) {
      trial->click();
      settle(w, 400000);
      shoot(w, "02-quantize-forecast", suffix);
    }
    auto* start = buttonOf(w.window->page(Place::Quantize), QStringLiteral("Quantize"));
    QVERIFY(start);
    start->click();
    QTRY_VERIFY_WITH_TIMEOUT(!w.context->jobs().busy() || w.context->jobs().current()->fraction() > 0.5, 200000);
    shoot(w, "03-quantizing", suffix);
    settle(w);
    shoot(w, "03b-quantized", suffix);
    w.window->showPlace(Place::Export);
    settle(w);
    shoot(w, "09-export-ready", suffix);
    if (auto* go = buttonOf(w.window->page(Place::Export), QStringLiteral("Export")); go && go->isEnabled()) {
      go->click();
      settle(w);
      shoot(w, "09b-exported", suffix);
    }
  }

  // The whole main job on the sample: every step of the wizard, the live run, the runs, both answers, the checked file.
  void mainJob_data() {
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QSize>("size");
    QTest::newRow("light-1280") << false << QSize(1280, 720);
    // It takes minutes: more of it where somebody asks for pictures.
    if (!forPeople()) return;
    QTest::newRow("dark-1280") << true << QSize(1280, 720);
    QTest::newRow("de-dark-1024") << true << QSize(1024, 768);
    QTest::newRow("de-light-1920") << false << QSize(1920, 1080);
  }
  void mainJob() {
    if (sampleModel().isEmpty()) QSKIP("No sample model here.");
    QFETCH(bool, dark);
    QFETCH(QSize, size);
    const QString suffix = QString::fromLatin1(QTest::currentDataTag());
    const Language language(languageOf(suffix));
    Home home;
    const QString models = home.path("home/models");
    QDir().mkpath(models);
    const QByteArray sample = qgetenv("SCALEWRIGHT_SAMPLE_MODEL");
    const QString own = models + "/" + QFileInfo(sampleModel()).fileName();
    QVERIFY(QFile::link(sampleModel(), own));
    qputenv("SCALEWRIGHT_SAMPLE_MODEL", own.toLocal8Bit());
    TestWindow w(home, dark ? ThemeMode::Dark : ThemeMode::Light, size);
    settle(w);
    Page* tune = toDataStep(w);
    shoot(w, "04-tune-data", suffix);
    if (forPeople()) {
      QTimer::singleShot(300, this, [] {
        auto* dialog = qobject_cast<QDialog*>(QApplication::activeModalWidget());
        if (!dialog) return;
        dialog->findChild<QLineEdit*>()->setText(QStringLiteral(SCALEWRIGHT_SOURCE_DIR "/resources/sample/requests-held-out.jsonl"));
        dialog->accept();
      });
      CLICK(tune, "Own file…");
      settle(w);
      shoot(w, "04-tune-own-file", suffix);
      auto* remove = tune->findChildren<DataFileRow*>().front()->findChildren<QAbstractButton*>().back();
      QTest::mouseClick(remove, Qt::LeftButton);
      settle(w);
    }
    CLICK(tune, "Next: Method");
    settle(w);
    shoot(w, "04b-tune-method", suffix);
    CLICK(tune, "Advanced");
    shoot(w, "04c-tune-advanced", suffix);
    if (!forPeople()) {  // a fifth of the run goes the same ways
      const auto numbers = tune->findChildren<QSpinBox*>();
      const auto steps = std::find_if(numbers.begin(), numbers.end(), [](QSpinBox* box) { return box->accessibleName() == QLatin1String("Steps"); });
      QVERIFY(steps != numbers.end());
      (*steps)->setValue(8);
      emit (*steps)->editingFinished();
    }
    CLICK(tune, "Advanced");
    CLICK(tune, "Next: Plan");
    settle(w);
    shoot(w, "05-tune-plan", suffix);
    CLICK(tune, "Start");
    QVERIFY(waitUntil([&] { return w.context->jobs().current() && w.context->jobs().current()->fraction() > 0.62; }, 300));
    shoot(w, "06-run", suffix);
    QVERIFY(waitUntil([&] { return buttonOf(tune, "Chat: original | tuned"); }, 300));
    shoot(w, "06b-run-done", suffix);
    w.window->showPlace(Place::Runs);
    settle(w);
    shoot(w, "07-runs", suffix);
    CLICK(w.window->page(Place::Runs), "Score…");
    auto* score = w.window->findChild<ScoreDialog*>();
    QVERIFY(score);
    shoot(*score, "07b-score", suffix);
    score->findChild<QSpinBox*>()->setValue(6);
    CLICK(score, "Score");
    settle(w);
    shoot(*score, "07c-scored", suffix);
    score->close();
    w.window->showPlace(Place::Tune);
    CLICK(tune, "Chat: original | tuned");
    settle(w);
    Page* chat = w.window->page(Place::Chat);
    for (QSpinBox* box : chat->findChildren<QSpinBox*>())
      if (box->maximum() == 8192) box->setValue(90);  // the longest answer
    for (const char* prompt : {"Two boxes of blue pens for the Ghent office please", "Please send 4 cartons of copy paper to Lyon"}) {
      QTest::keyClicks(chat->firstField(), prompt);
      QTest::keyClick(chat->firstField(), Qt::Key_Return);
      settle(w);
    }
    shoot(w, "08-chat", suffix);
    // A long answer beside a short one: both are seen, also at its end.
    for (QSpinBox* box : chat->findChildren<QSpinBox*>())
      if (box->maximum() == 8192) box->setValue(400);
    QTest::keyClicks(chat->firstField(), "Tell me how a harbour works, from the first ship in the morning to the last one at night");
    QTest::keyClick(chat->firstField(), Qt::Key_Return);
    settle(w);
    shoot(w, "08b-chat-long", suffix);
    w.window->showPlace(Place::Tune);
    CLICK(tune, "Export…");
    settle(w);
    Page* exports = w.window->page(Place::Export);
    CLICK(exports, "Export");
    settle(w);
    shoot(w, "09-export", suffix);
    w.window->openPaths({own});
    settle(w);
    shoot(w, "01-models-tuned", suffix);
    qputenv("SCALEWRIGHT_SAMPLE_MODEL", sample);
  }

  void noWarningOfQt() { QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().mid(0, 20).join('\n'))); }
};

QTEST_MAIN(TestScreenshots)
#include "test_screenshots.moc"
