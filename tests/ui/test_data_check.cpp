// What the Data step learns of the chosen files, without the page.

#include "tests/ui/small_chat_model.h"

#include <algorithm>

#include "ui/jobs/data_check.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestDataCheck : public QObject, SampleTest {
  Q_OBJECT

 private slots:
  void initTestCase() { makeSample(); }
  void init() {
    enterHome();
    m_rows = m_home->path("home/rows.jsonl");
    QVERIFY(writeRows(m_rows, 40));
    m_order = {.model = m_model.toStdString(), .files = {{.path = m_rows.toStdString()}}, .folder = m_home->path("home/project").toStdString(), .settings = {.context = 64}};
  }
  void cleanup() { leaveHome(); }

  void oneFile() {
    const auto checked = checkData(m_host, m_order, m_context);
    QVERIFY(checked.has_value());
    QVERIFY(!checked->refused && !checked->validation);
    QCOMPARE(checked->data, std::filesystem::path(m_rows.toStdString()));
    QCOMPARE(int(checked->encoded->examples.size()), 40);
  }

  void severalFilesAreMadeOne() {
    const QString more = m_home->path("home/more.csv");
    QVERIFY(writeFile(more, "frage,antwort\neins,1\n"));
    m_order.files.push_back({.path = more.toStdString(), .columns = {{"prompt", "frage"}, {"completion", "antwort"}}});
    QVERIFY(columnsOf(m_order.files).empty());
    const auto checked = checkData(m_host, m_order, m_context);
    QVERIFY(checked.has_value());
    QCOMPARE(checked->data.parent_path(), m_order.folder / "data");
    QCOMPARE(int(checked->encoded->examples.size()), 41);
    QCOMPARE(int(checked->files.size()), 2);
  }

  // Nothing can be used: each row says why, and what the file has for columns is known.
  void refused() {
    QVERIFY(writeFile(m_rows, "{\"f\": \"eins\", \"a\": 1}\nno json\n"));
    const auto checked = checkData(m_host, m_order, m_context);
    QVERIFY(checked.has_value());
    QVERIFY(checked->refused.has_value());
    QVERIFY(!checked->encoded);
    QCOMPARE(int(checked->dataset->problems.size()), 2);
    QVERIFY(std::ranges::is_permutation(checked->files.at(0).columns, std::vector<std::string>{"f", "a"}));
  }

  void aFileToValidateOn() {
    m_order.validation = m_rows.toStdString();
    auto checked = checkData(m_host, m_order, m_context);
    QVERIFY(checked.has_value());
    QVERIFY(!checked->refused && !checked->validation);
    QVERIFY(checked->validationRefused && checked->validationRefused->message.find("every row of it is learned from too") != std::string::npos);
    const QString own = m_home->path("home/own.jsonl");
    QVERIFY(writeFile(own, "{\"prompt\": \"say 90\", \"completion\": \"it is 90\"}\n"));
    m_order.validation = own.toStdString();
    checked = checkData(m_host, m_order, m_context);
    QVERIFY(checked.has_value());
    QVERIFY(!checked->validationRefused && checked->validation);
    QCOMPARE(checked->validationRows, int64_t{1});
  }

 private:
  EngineHost m_host;
  JobContext m_context{std::stop_token()};
  DataOrder m_order;
  QString m_rows;
};

QTEST_MAIN(TestDataCheck)
#include "test_data_check.moc"
