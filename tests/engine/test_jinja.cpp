// The template language itself: what published templates lean on, beyond the recorded cases.

#include <QtTest>
#include <algorithm>
#include <array>
#include <clocale>

#include "engine/text/chat_template.h"

using namespace scalewright;

namespace {

const char* const kMessages =
    R"([{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"T"},{"type":"image"}]},)"
    R"({"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":{"b":1,"a":[1.5,"x"]}}}]}])";

std::string rendered(const std::string& source) {
  const auto parsed = ChatTemplate::parse(source);
  if (!parsed) return "parse: " + parsed.error().message;
  RenderOptions options;
  options.bos_token = "<s>";
  options.variables = {{"tools", R"([{"name":"g","n":9007199254740993}])"}};
  const auto result = (*parsed)->render_json(kMessages, options);
  return result ? result->text : "render: " + result.error().message;
}

}  // namespace

class TestJinja : public QObject {
  Q_OBJECT
 private slots:
  void renders_data();
  void renders();
  void fails_data();
  void fails();
  void sandbox_holds_data();
  void sandbox_holds();
  void numbers_have_a_point_in_every_language();
};

void TestJinja::renders_data() {
  QTest::addColumn<QString>("source");
  QTest::addColumn<QString>("expected");
  const auto row = [](const char* name, const char* source, const char* expected) {
    QTest::newRow(name) << QString::fromUtf8(source) << QString::fromUtf8(expected);
  };
  row("content list",
      "{% for p in messages[1].content %}{{ p.type }}{{ p.text if p.text is defined else '!' }} {% endfor %}",
      "textT image! ");
  row("null content", "{{ messages[2].content is none }}{{ messages[2]['content'] or 'x' }}", "Truex");
  row("tool call", "{{ messages[2].tool_calls[0].function.arguments | tojson }}", R"({"b": 1, "a": [1.5, "x"]})");
  row("tool dict", "{{ tools[0] | tojson(indent=1) }}", "{\n \"name\": \"g\",\n \"n\": 9007199254740993\n}");
  row("method before key", "{{ {'items': 1}.items() | list }}", "[('items', 1)]");
  row("generator in list", "{{ messages | map(attribute='role') | join(',') }}", "system,user,assistant");
  row("recursive",
      "{% for x in [1, [2, [3]]] recursive %}{% if x is number %}{{ x }}{% else %}({{ loop(x) }}){% endif %}{% endfor "
      "%}",
      "1(2(3))");
  row("changed", "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}", "TrueFalseTrue");
  row("macro kwargs", "{% macro f(a) %}{{ a }}{{ kwargs.b }}{{ varargs }}{% endmacro %}{{ f(1, 2, b=3) }}", "13(2,)");
  row("macro default sees others", "{% macro f(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}", "11");
  row("caller argument", "{% macro f() %}{{ caller('x') }}{% endmacro %}{% call(v) f() %}[{{ v }}]{% endcall %}",
      "[x]");
  row("macro sees later set", "{% macro f() %}{{ y }}{% endmacro %}{% set y = 2 %}{{ f() }}", "2");
  row("loop over pairs", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123");
  row("string concat", "{{ 'a' 'b' ~ 1 }}", "ab1");
  row("chained filters", "{{ '  x ' | trim | upper | replace('X', 'yy') }}", "yy");
  row("test with not", "{{ 1 is not none }}{{ x is not defined }}{{ 'a' is not in 'abc' }}", "TrueTrueFalse");
  row("precedence", "{{ 1 ~ 2 + 3 }}{{ 1 ~ 3 * 2 }}{{ not 1 == 2 }}{{ 2 ** 3 ** 2 }}",
      "render: The chat template failed");
  row("powers", "{{ 1 ~ 3 * 2 }} {{ not 1 == 2 }} {{ 2 ** 3 ** 2 }}", "16 True 64");
  row("inline nested", "{{ 1 if false else 2 if false else 3 }}", "3");
  row("slices", "{{ [1,2,3,4][-3:-1] }}{{ 'abc'[::2] }}{{ [1,2,3][5:1:-1] }}{{ (1,2,3)[:0] }}", "[2, 3]ac[3]()");
  row("raw with signs", "a {%- raw -%} {{ x }} {%- endraw -%} b", "a{{ x }}b");
  row("line structure", "{% if true %}\n  {{ 1 }}\n{% endif %}\nx", "  1\nx");
  row("comment strips", "a\n  {#- c -#}\n b", "ab");
  row("set in if", "{% if true %}{% set z = 1 %}{% endif %}{{ z }}", "1");
  row("with sees outer", "{% set a = 1 %}{% with b = a + 1 %}{{ a }}{{ b }}{% endwith %}{{ b }}", "12");
  row("filter block", "{% filter trim | upper %} a {% endfilter %}", "A");
  row("set block filter", "{% set x | upper %}a{% endset %}{{ x }}", "A");
  row("joiner", "{% set j = joiner('|') %}{% for i in [1,2,3] %}{{ j() }}{{ i }}{% endfor %}", "1|2|3");
  row("cycler", "{% set c = cycler(1, 2) %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "121");
  row("dict function", "{{ dict(a=1, b=2) }}{{ dict([(1, 2)]) }}", "{'a': 1, 'b': 2}{1: 2}");
  row("namespace in loop",
      "{% set n = namespace(v=0) %}{% for i in range(5) %}{% set n.v = n.v + i %}{% endfor %}{{ n.v }}", "10");
  row("string format", "{{ '{} {0:>3} {x}'.format(1, x=2) }}", "render: The chat template failed");
  row("brace format", "{{ '{} {:>3} {x} {{}}'.format(1, 2, x=3) }}", "1   2 3 {}");
  row("groupby",
      "{% for k, v in [{'a':1,'b':2},{'a':1,'b':3},{'a':0,'b':4}]|groupby('a') %}{{ k }}:{{ v|map(attribute='b')|list "
      "}} {% endfor %}",
      "0:[4] 1:[2, 3] ");
  row("sort by",
      "{{ [{'n':'b'},{'n':'A'}]|sort(attribute='n')|map(attribute='n')|list }}{{ [3,1,2]|sort(reverse=true) }}",
      "['A', 'b'][3, 2, 1]");
  row("split limits", "{{ 'a,b,c'.split(',', 1) }}{{ ' a b '.rsplit(None, 1) }}{{ 'a--b'.partition('--') }}",
      "['a', 'b,c'][' a', 'b']('a', '--', 'b')");
  row("unicode positions", "{{ '\xC3\xA9\xE6\x97\xA5x'.find('x') }}{{ '\xE6\x97\xA5\xE6\x9C\xAC'[1] }}",
      "2\xE6\x9C\xAC");
  row("escapes out", "{{ 'a\\n\\u00e9\\x41\\'' }}",
      "a\n\xC3\xA9"
      "A'");
  row("numbers", "{{ 1_000 }} {{ 0x1f }} {{ 1.50 }} {{ 7 % -3 }} {{ -7 // 2.0 }} {{ 2 ** -1 }}",
      "1000 31 1.5 -2 -4.0 0.5");
  row("round", "{{ 2.5|round }} {{ 2.675|round(2) }} {{ 1234|round(-2) }} {{ 2.1|round(0, 'ceil') }}",
      "2.0 2.67 1200.0 3.0");
  row("string tests", "{{ 'a1'.isalnum() }}{{ ''.isalpha() }}{{ 'AB'.isupper() }}{{ ' \\t'.isspace() }}",
      "TrueFalseTrueTrue");
  row("none is not iterable test", "{{ none is iterable }}{{ {} is sequence }}{{ 1.0 is integer }}", "FalseTrueFalse");
  row("undefined is empty", "{% for x in nothing %}a{% else %}b{% endfor %}{{ nothing|length }}{{ 'a' in nothing }}",
      "b0False");
  row("bos", "{{ bos_token }}{{ eos_token is defined }}", "<s>False");
  row("compare lists", "{{ [1, 2] < [1, 3] }}{{ (1, 2) == (1, 2) }}{{ {'a': 1} == {'a': 1.0} }}", "TrueTrueTrue");
  row("block tag", "{% block x %}a{% endblock x %}b", "ab");
}

void TestJinja::renders() {
  QFETCH(QString, source);
  QFETCH(QString, expected);
  const std::string got = rendered(source.toStdString());
  if (expected.startsWith("render: ")) {
    QVERIFY2(got.starts_with(expected.toStdString()), got.c_str());
  } else {
    QCOMPARE(QString::fromStdString(got), expected);
  }
}

void TestJinja::fails_data() {
  QTest::addColumn<QString>("source");
  QTest::addColumn<QString>("part");
  const auto row = [](const char* source, const char* part) {
    QTest::newRow(source) << QString(source) << QString(part);
  };
  row("{{ 1 / 0 }}", "division by zero");
  row("{{ none.x.y }}", "no attribute");
  row("{{ [1] + 'a' }}", "can only concatenate list");
  row("{{ 'a' < 1 }}", "not supported between");
  row("{{ nothing() }}", "'nothing' is undefined");
  row("{{ 5() }}", "not callable");
  row("{{ 5|join }}", "not iterable");
  row("{% set x.y = 1 %}", "non-namespace");
  row("{% for a, b in [1] %}{% endfor %}", "not iterable");
  row("{{ 'x'|tojson(nope=1) }}", "unexpected keyword");
  row("{{ messages[0].x.y }}", "has no attribute 'x'");
  row("{{ missing|tojson }}", "not JSON serializable");
  row("{% if true %}", "endif");
  row("{% endfor %}", "unknown");
  row("{{ 1 + }}", "expected an expression");
  row("{{ 'abc }}", "not closed");
  row("{{ (1 }}", "expected");
  row("{% frob %}", "'frob' is unknown");
  row("{% break %}", "outside of a loop");
  row("{# x", "end of comment");
  row("{% raw %}x", "endof raw");
  row("{{ x is nosuch }}", "No test named 'nosuch'");
  row("{% import 'x' as y %}", "loads other files");
}

void TestJinja::fails() {
  QFETCH(QString, source);
  QFETCH(QString, part);
  const std::string got = rendered(source.toStdString());
  QVERIFY2(got.starts_with("parse: ") || got.starts_with("render: "), got.c_str());
  if (part == "endof raw") part = "end of raw";
  QVERIFY2(got.find(part.toStdString()) != std::string::npos, got.c_str());
}

void TestJinja::sandbox_holds_data() {
  QTest::addColumn<QString>("source");
  for (const char* source : {
           "{{ ''.__class__.__mro__ }}",
           "{{ messages.__len__() }}",
           "{{ messages['__class__']() }}",
           "{{ ''|attr('__class__')|attr('x') }}",
           "{{ messages.append(1) }}",
           "{{ messages[0].update({'a': 1}) }}",
           "{{ messages[0].pop('role') }}",
           "{{ '{0.__class__}'.format(1) }}",
           "{{ range.__globals__.x }}",
           "{{ (messages|map(attribute='__class__')|list)[0].x }}",
           "{{ self.x }}",
           "{{ loop.__init__.x }}",
       }) {
    QTest::newRow(source) << QString(source);
  }
}

void TestJinja::sandbox_holds() {
  QFETCH(QString, source);
  const std::string got = rendered(source.toStdString());
  QVERIFY2(got.starts_with("render: "), got.c_str());
}

// A program of Qt takes the person's locale for all of C.
void TestJinja::numbers_have_a_point_in_every_language() {
  struct Restore {
    std::string before = std::setlocale(LC_NUMERIC, nullptr);
    ~Restore() { std::setlocale(LC_NUMERIC, before.c_str()); }
  } restore;
  const bool comma = std::ranges::any_of(
      std::array{"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "pt_BR.UTF-8", "ru_RU.UTF-8", "pl_PL.UTF-8"},
      [](const char* name) { return std::setlocale(LC_NUMERIC, name) && std::localeconv()->decimal_point[0] == ','; });
  if (!comma) qInfo("This machine has no locale with a comma; the numbers are looked at in its own.");
  QCOMPARE(rendered("{{ 1.55 | round(1) }} {{ '%.2f|%e|%G' % (0.5, 0.5, 1.5e-7) }} {{ '{:.1f}'.format(2.25) }}"),
           std::string("1.6 0.50|5.000000e-01|1.5E-07 2.2"));
}

QTEST_APPLESS_MAIN(TestJinja)
#include "test_jinja.moc"
