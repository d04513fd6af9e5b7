// Templates cut, doubled and scrambled: an error or a text, never a crash and never without end.

#include <QtTest>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/text/chat_template.h"

using namespace scalewright;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> seeds() {
  const char* set = std::getenv("SCALEWRIGHT_GOLDEN");
  const fs::path folder =
      (set && *set ? fs::path(set) : fs::path(SCALEWRIGHT_SOURCE_DIR) / "tests" / "golden") / "chat";
  std::vector<std::string> result;
  if (!fs::exists(folder / "chat.json")) return result;
  std::ifstream chat(folder / "chat.json"), features(folder / "features.json");
  const ordered_json templates = ordered_json::parse(chat), cases = ordered_json::parse(features);
  for (const auto& t : templates["templates"]) result.push_back(t["template"]);
  for (const auto& c : cases["cases"]) result.push_back(c["template"]);
  return result;
}

const char* const kPieces[] = {"{{",
                               "}}",
                               "{%",
                               "%}",
                               "{#",
                               "#}",
                               "{%-",
                               "-%}",
                               "{{-",
                               "-}}",
                               "(",
                               ")",
                               "[",
                               "]",
                               "{",
                               "}",
                               "'",
                               "\"",
                               "\\",
                               "|",
                               ".",
                               ",",
                               ":",
                               "=",
                               "==",
                               "~",
                               "+",
                               "-",
                               "*",
                               "**",
                               "/",
                               "//",
                               "%",
                               " if ",
                               " else ",
                               " in ",
                               " is ",
                               " not ",
                               " and ",
                               " or ",
                               "{% for x in messages %}",
                               "{% endfor %}",
                               "{% if x %}",
                               "{% endif %}",
                               "{% set x = ",
                               "{% macro f(a) %}",
                               "{% endmacro %}",
                               "{% call f(1) %}",
                               "{% endcall %}",
                               "{{ f(f) }}",
                               "{{ loop.index }}",
                               "{{ loop(messages) }}",
                               "range(99999)",
                               "messages",
                               "namespace()",
                               "x",
                               "none",
                               "1e400",
                               "99999999999999999999999999999999999999",
                               "0x",
                               "'\\ud800'",
                               "|tojson",
                               "|list",
                               "|sort",
                               "|map('upper')",
                               "|join('x')",
                               "|indent(99)",
                               "[::-1]",
                               "[99999999999:]",
                               ".split('')",
                               ".format(1)",
                               "% (1, 2)",
                               "\xE6\x97\xA5",
                               "\r\n",
                               "\n",
                               "{% raw %}",
                               "{% endraw %}",
                               "{% generation %}",
                               "{% endgeneration %}",
                               "{% break %}",
                               "strftime_now('%c')"};

}  // namespace

class TestTemplateFuzz : public QObject {
  Q_OBJECT
 private slots:
  void scrambled_templates_do_not_crash();
  void scrambled_messages_do_not_crash();
};

void TestTemplateFuzz::scrambled_templates_do_not_crash() {
  const std::vector<std::string> all = seeds();
  if (all.empty()) QSKIP("the golden templates are missing");
  std::mt19937 random(20240726);
  const auto below = [&random](size_t n) { return static_cast<size_t>(random() % n); };
  const char* rounds = std::getenv("SCALEWRIGHT_FUZZ_ROUNDS");
  const int count = rounds ? std::atoi(rounds) : 3000;
  const std::string messages = R"([{"role":"user","content":"q"},{"role":"assistant","content":"a b\n"}])";
  RenderOptions options;
  options.eos_token = "</s>";
  int parsed_count = 0, rendered_count = 0;
  for (int i = 0; i < count; ++i) {
    std::string source = all[below(all.size())];
    const size_t changes = 1 + below(6);
    for (size_t c = 0; c < changes; ++c) {
      const size_t at = below(source.size() + 1);
      switch (below(5)) {
        case 0:
          source.insert(at, kPieces[below(std::size(kPieces))]);
          break;
        case 1:
          source.erase(at, below(12));
          break;
        case 2:
          source.insert(at, source.substr(below(source.size() + 1), below(80)));
          break;
        case 3:
          if (at < source.size()) source[at] = static_cast<char>(random());
          break;
        default:
          source.resize(source.size() - std::min(source.size(), below(30)));
      }
    }
    const auto parsed = ChatTemplate::parse(source);
    if (!parsed) {
      QVERIFY(!parsed.error().message.empty());
      continue;
    }
    ++parsed_count;
    options.add_generation_prompt = below(2) == 0;
    const auto rendered = (*parsed)->render_json(messages, options);
    if (!rendered) continue;
    ++rendered_count;
    size_t at = 0;
    for (const auto& [begin, end] : rendered->learned) {
      QVERIFY(begin >= at && begin <= end && end <= rendered->text.size());
      at = end;
    }
  }
  qInfo() << count << "templates," << parsed_count << "parsed," << rendered_count << "rendered";
  QVERIFY(parsed_count > 0 && rendered_count > 0);
}

void TestTemplateFuzz::scrambled_messages_do_not_crash() {
  const std::vector<std::string> all = seeds();
  if (all.empty()) QSKIP("the golden templates are missing");
  for (const std::string& source : all) {
    const auto parsed = ChatTemplate::parse(source);
    if (!parsed) continue;
    for (const char* messages :
         {"[]", "[1]", "[null]", "[[]]", "[{}]", R"([{"role":1}])", R"([{"role":"assistant"}])",
          R"([{"role":"assistant","content":[]}])", R"([{"role":"assistant","content":{"a":1}}])",
          R"([{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[{"function":{}}]}])",
          R"([{"role":"user","content":"x"},{"role":"assistant","content":"  \n "}])"}) {
      const auto rendered = (*parsed)->render_json(messages, {});
      if (!rendered) QVERIFY(!rendered.error().message.empty());
    }
  }
  const auto any = ChatTemplate::parse("{{ messages|tojson }}");
  QVERIFY(any.has_value());
  QVERIFY(!(*any)->render_json(std::string(100000, '['), {}));
}

QTEST_APPLESS_MAIN(TestTemplateFuzz)
#include "test_template_fuzz.moc"
