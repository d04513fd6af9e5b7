// Rules of right answers: numbers in whatever spelling, what the group of a pattern holds, and what is refused.

#include <QtTest>

#include "engine/eval/answer_rule.h"

using namespace scalewright;

class TestAnswerRule : public QObject {
  Q_OBJECT

  static std::string number(const char* text) { return last_number(text).value_or("none"); }
  static AnswerRule rule(AnswerMatch match, const std::string& pattern = {}) {
    auto made = AnswerRule::create(match, pattern);
    return made ? *made : AnswerRule();
  }
  static bool right(const AnswerRule& rule, const char* answer, const char* expected) {
    const auto value = rule.value_of(answer), wanted = rule.expected_value(expected);
    return value && wanted && rule.same(*value, *wanted);
  }

 private slots:
  void numbers_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("number");
    const char* rows[][2] = {{"She has 3 apples and 72 pears.", "72"},
                             {"48/2 = <<48/2=24>>24 clips\n#### 1,234", "1234"},
                             {"it costs $1,234.50.", "1234.5"},
                             {"$5.00", "5"},
                             {"007", "7"},
                             {".5", "0.5"},
                             {"0.50 each", "0.5"},
                             {"3,5", "3.5"},
                             {"0,500", "0.5"},
                             {"1,2,3", "3"},
                             {"1.2.3", "3"},
                             {"12,345,678", "12345678"},
                             {"x = -4", "-4"},
                             {"it is \xE2\x88\x92"
                              "4",
                              "-4"},
                             {"-$20", "-20"},
                             {"10-5", "5"},
                             {"(a)-5", "5"},
                             {"covid-19", "19"},
                             {"-0.0", "0"},
                             {"100", "100"},
                             {"no number, none.", "none"},
                             {"", "none"}};
    for (const auto& row : rows) QTest::newRow(row[0]) << QByteArray(row[0]) << QByteArray(row[1]);
  }
  void numbers() {
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, number);
    QCOMPARE(QByteArray::fromStdString(this->number(text.constData())), number);
  }

  void exact_is_all_but_white_space_at_the_ends() {
    QVERIFY(right(AnswerRule(), " yes\n", "yes"));
    QVERIFY(!right(AnswerRule(), "yes.", "yes"));
  }

  void by_number() {
    const AnswerRule by_number = rule(AnswerMatch::Number);
    QVERIFY(right(by_number, "So she pays $1,200.", "6 * 200 = 1200\n#### 1200"));
    QVERIFY(!right(by_number, "So she pays 1201", "1200"));
    QVERIFY(!right(by_number, "nothing", "1200"));
    QVERIFY(!by_number.expected_value("nothing").has_value());
  }

  void by_pattern() {
    const AnswerRule marked = rule(AnswerMatch::Pattern, "#### (.+)");
    QCOMPARE(marked.pattern(), std::string("#### (.+)"));
    QVERIFY(right(marked, "#### 3\nno,\n####  1,200 \nor so", "it is 1,200\n#### 1200"));
    QVERIFY(!right(marked, "1200", "#### 1200"));
    QVERIFY(right(marked, "#### 1200", "1200"));  // the bare result
    QVERIFY(!right(marked, "#### 1200 a", "1200"));
    const AnswerRule letter = rule(AnswerMatch::Pattern, "(?:answer|choice) is \\(?([A-E])\\b");
    QVERIFY(right(letter, "The answer is (B). No, the choice is C", "C"));
    // A branch without the group does not hide one that has it; an empty group is a value.
    QCOMPARE(rule(AnswerMatch::Pattern, "a(\\d)|b").value_of("a1 b").value_or("none"), std::string("1"));
    QCOMPARE(rule(AnswerMatch::Pattern, "a(\\d*)").value_of("a").value_or("none"), std::string());
  }

  void refusals() {
    const auto said = [](const std::string& pattern) {
      const auto made = AnswerRule::create(AnswerMatch::Pattern, pattern);
      return made ? std::string() : made.error().message;
    };
    QVERIFY(said("abc").find("0 capture groups") != std::string::npos);
    QVERIFY(said("(a)(b)").find("2 capture groups") != std::string::npos);
    // In plain words, with the place and what to do.
    const auto tells = [&](const char* pattern, const char* place, const char* words) {
      const std::string text = said(pattern);
      QVERIFY2(text.find(place) != std::string::npos && text.find(words) != std::string::npos, text.c_str());
      QVERIFY2(text.find("U_") == std::string::npos, text.c_str());
    };
    tells("(", "bracket at character 1 is never closed", "written \\(");
    tells("ä(b\\(c[(]", "bracket at character 2 is never closed", "written \\(");
    tells("(a)b)", "not valid at character 5", "A round bracket ends there");
    tells("\\s\\d(a)[b", "not valid", "A square bracket is never closed");
    tells("\\s\\d(a)**+*", "not valid at character 9", "has nothing before it");
    tells("*(a)", "not valid at character 1", "has nothing before it");
    tells("(a)\\", "not valid", "The backslash means nothing there");
    tells("(a){3,1}", "not valid at character 8", "Curly brackets");
    tells("(a)\\2", "not valid at character 5", "a group that it does not have");
    tells("(\\p{Nonsense})", "not valid at character", "class of characters");
    QVERIFY(said("(?:a)(b)").empty());
  }

  // A pattern that would try forever finds nothing instead.
  void no_pattern_takes_forever() {
    const AnswerRule slow = rule(AnswerMatch::Pattern, "((?:a+)+)$");
    QVERIFY(!slow.value_of(std::string(60, 'a') + "b").has_value());
  }
};

QTEST_APPLESS_MAIN(TestAnswerRule)
#include "test_answer_rule.moc"
