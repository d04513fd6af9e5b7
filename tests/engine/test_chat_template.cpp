// Chat templates against recorded renderings of published ones, and the bytes that are learned.

#include <QtTest>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/text/chat_template.h"
#include "engine/text/jinja/clock.h"

using namespace scalewright;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

namespace {

fs::path golden_folder() {
  const char* set = std::getenv("SCALEWRIGHT_GOLDEN");
  return (set && *set ? fs::path(set) : fs::path(SCALEWRIGHT_SOURCE_DIR) / "tests" / "golden") / "chat";
}

ordered_json read(const fs::path& path) {
  std::ifstream file(path);
  return ordered_json::parse(file);
}

void stop_clock(const std::string& when) {
  std::tm time{};
  std::istringstream stream(when);
  stream >> std::get_time(&time, "%Y-%m-%dT%H:%M:%S");
  std::mktime(&time);  // fills in the day of the week
  jinja::set_clock(time);
}

RenderOptions options_of(const ordered_json& tokens, const ordered_json& c) {
  RenderOptions options;
  if (tokens.contains("bos_token") && tokens["bos_token"].is_string()) options.bos_token = tokens["bos_token"];
  if (tokens.contains("eos_token") && tokens["eos_token"].is_string()) options.eos_token = tokens["eos_token"];
  options.add_generation_prompt = c.value("add_generation_prompt", false);
  if (c.contains("kwargs")) {
    for (const auto& [name, value] : c["kwargs"].items()) options.variables.emplace_back(name, value.dump());
  }
  return options;
}

// Empty if the case holds, else what is wrong.
std::string problem(const ordered_json& c, const std::string& source, const std::string& messages,
                    const RenderOptions& options) {
  std::string got, message;
  bool failed = false;
  if (const auto parsed = ChatTemplate::parse(source); !parsed) {
    failed = true;
    message = parsed.error().message;
  } else if (const auto rendered = (*parsed)->render_json(messages, options); !rendered) {
    failed = true;
    message = rendered.error().message;
    if (rendered.error().code != ErrorCode::InvalidArgument) return "an error of another kind: " + message;
  } else {
    got = rendered->text;
  }
  if (c.contains("error")) {
    if (!failed) return "no error, but the text " + got;
    if (c["error"] == "TemplateError" && message.find(c["message"].get<std::string>()) == std::string::npos) {
      return "the message " + message;
    }
    return {};
  }
  if (failed) return "the error " + message;
  return got == c["expected"].get<std::string>() ? std::string() : "the text " + ordered_json(got).dump();
}

struct Spanned {
  std::string text;
  std::vector<std::string> learned;
};
Spanned spans_of(const std::string& source, const std::string& messages, RenderOptions options) {
  const auto parsed = ChatTemplate::parse(source);
  if (!parsed) qFatal("%s", parsed.error().message.c_str());
  const auto rendered = (*parsed)->render_json(messages, options);
  if (!rendered) qFatal("%s", rendered.error().message.c_str());
  Spanned result{rendered->text, {}};
  for (const auto& [begin, end] : rendered->learned)
    result.learned.push_back(rendered->text.substr(begin, end - begin));
  return result;
}

}  // namespace

class TestChatTemplate : public QObject {
  Q_OBJECT
 private slots:
  void deep_values_are_freed();
  void published_templates_render_as_recorded();
  void features_render_as_recorded();
  void answers_are_learned_with_their_end_of_turn();
  void learned_answers_data();
  void learned_answers();
  void generation_blocks_come_first();
  void plain_template_works();
  void bad_input_is_an_error();
  void endless_templates_stop();
};

void TestChatTemplate::published_templates_render_as_recorded() {
  const ordered_json set = read(golden_folder() / "chat.json");
  stop_clock(set["now"]);
  int count = 0;
  for (const auto& c : set["cases"]) {
    const auto& t = set["templates"][c["template"].get<std::string>()];
    const std::string messages = set["conversations"][c["conversation"].get<std::string>()].dump();
    const std::string wrong = problem(c, t["template"], messages, options_of(t, c));
    if (!wrong.empty()) qWarning() << c.dump().c_str() << wrong.c_str();
    QVERIFY(wrong.empty());
    ++count;
  }
  QVERIFY(count > 0);
  qInfo() << count << "renderings";
}

void TestChatTemplate::features_render_as_recorded() {
  const ordered_json set = read(golden_folder() / "features.json");
  stop_clock(set["now"]);
  QVERIFY(!set["cases"].empty());
  for (const auto& c : set["cases"]) {
    const std::string wrong = problem(c, c["template"], set["messages"].dump(), options_of(set, c));
    if (!wrong.empty()) qWarning() << c.dump().c_str() << wrong.c_str();
    QVERIFY(wrong.empty());
  }
}

// On every recorded conversation: each answer is found where its text stands, in order, and nothing of the others.
void TestChatTemplate::answers_are_learned_with_their_end_of_turn() {
  const ordered_json set = read(golden_folder() / "chat.json");
  int answers = 0, found = 0;
  for (const auto& c : set["cases"]) {
    if (c.contains("error")) continue;
    const auto& t = set["templates"][c["template"].get<std::string>()];
    const auto& messages = set["conversations"][c["conversation"].get<std::string>()];
    const Spanned spanned = spans_of(t["template"], messages.dump(), options_of(t, c));
    size_t span = 0;
    for (const auto& message : messages) {
      if (message["role"] != "assistant" || !message.contains("content") || !message["content"].is_string()) continue;
      std::string content = message["content"];
      if (const size_t think = content.find("</think>"); think != std::string::npos)
        content = content.substr(think + 8);
      const size_t first = content.find_first_not_of("\n \xC2\xA0"), last = content.find_last_not_of("\n \xC2\xA0");
      if (first == std::string::npos || spanned.text.find(content.substr(first, last - first + 1)) == std::string::npos)
        continue;
      content = content.substr(first, last - first + 1);
      ++answers;
      if (span >= spanned.learned.size()) {
        qWarning() << "no span:" << c.dump().c_str();
        continue;
      }
      const std::string& learned = spanned.learned[span++];
      if (learned.find(content) == std::string::npos || learned.find("user") != std::string::npos ||
          learned.find("assistant\n") != std::string::npos || learned.find("[INST]") != std::string::npos) {
        qWarning() << c["template"].dump().c_str() << c["conversation"].dump().c_str() << learned.c_str();
        continue;
      }
      ++found;
    }
  }
  qInfo() << found << "of" << answers << "answers";
  QVERIFY(answers > 50);
  QCOMPARE(found, answers);
}

void TestChatTemplate::learned_answers_data() {
  QTest::addColumn<QString>("name");
  QTest::addColumn<QString>("learned");
  const auto row = [](const char* name, const char* learned) {
    QTest::newRow(name) << QString(name) << QString::fromUtf8(learned);
  };
  row("smollm2", "Hello! How can I help?<|im_end|>");
  row("qwen2.5", "Hello! How can I help?<|im_end|>");
  row("qwen3", "Hello! How can I help?<|im_end|>");
  row("llama2", " Hello! How can I help? </s>");
  row("llama3", "Hello! How can I help?<|eot_id|>");
  row("llama3.2", "Hello! How can I help?<|eot_id|>");
  row("mistral-v0.3", " Hello! How can I help?</s>");
  row("gemma", "Hello! How can I help?<end_of_turn>");
  row("phi3", "Hello! How can I help?<|end|>");
  row("zephyr", "Hello! How can I help?</s>");
  row("tinyllama", "Hello! How can I help?</s>");
  row("yi", "Hello! How can I help?<|im_end|>");
  row("deepseek-llm",
      " Hello! How can I help?<\xEF\xBD\x9C"
      "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>");
  row("deepseek-r1",
      "Hello! How can I help?<\xEF\xBD\x9C"
      "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>");
  row("alpaca", "Hello! How can I help?</s>");
}

void TestChatTemplate::learned_answers() {
  QFETCH(QString, name);
  QFETCH(QString, learned);
  const ordered_json set = read(golden_folder() / "chat.json");
  if (!set["templates"].contains(name.toStdString())) QSKIP("this golden set has no such template");
  const auto& t = set["templates"][name.toStdString()];
  const std::string multi =
      R"([{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello! How can I help?"},)"
      R"({"role":"user","content":"Tell me a joke"},{"role":"assistant","content":"Hello! How can I help?"}])";
  const Spanned spanned = spans_of(t["template"], multi, options_of(t, ordered_json::object()));
  QCOMPARE(spanned.learned.size(), size_t{2});
  QCOMPARE(QString::fromStdString(spanned.learned[0]), learned);
  if (name == "qwen3") learned.prepend("<think>\n\n</think>\n\n");  // its last answer shows the empty thought
  QCOMPARE(QString::fromStdString(spanned.learned[1]), learned);
}

void TestChatTemplate::generation_blocks_come_first() {
  const std::string source =
      "{% for m in messages %}{% if m.role == 'assistant' %}[A]{% generation %}{{ m.content }}#{% endgeneration %}"
      "{% else %}[U]{{ m.content }}{% endif %}{% endfor %}";
  const Spanned spanned = spans_of(
      source,
      R"([{"role":"user","content":"q"},{"role":"assistant","content":"one"},{"role":"assistant","content":"two"}])",
      {});
  QCOMPARE(spanned.text, std::string("[U]q[A]one#[A]two#"));
  QCOMPARE(spanned.learned, (std::vector<std::string>{"one#", "two#"}));
}

void TestChatTemplate::plain_template_works() {
  const auto plain = ChatTemplate::plain();
  QVERIFY(plain);
  RenderOptions options;
  options.bos_token = "<s>";
  options.eos_token = "</s>";
  const std::vector<Message> messages = {
      {"system", "Be kind."}, {"user", "Hi"}, {"assistant", "Hello"}, {"user", "Bye"}};
  const auto rendered = plain->render(messages, options);
  QVERIFY(rendered.has_value());
  QCOMPARE(rendered->text, std::string("<s>Be kind.\n\nUser: Hi\nAssistant: Hello</s>\nUser: Bye\n"));
  QCOMPARE(rendered->learned.size(), size_t{1});
  const auto [begin, end] = rendered->learned[0];
  QCOMPARE(rendered->text.substr(begin, end - begin), std::string(" Hello</s>"));
  options.add_generation_prompt = true;
  QVERIFY(plain->render(messages, options)->text.ends_with("Bye\nAssistant:"));
}

void TestChatTemplate::bad_input_is_an_error() {
  const auto broken = ChatTemplate::parse("a\nb {% if %}");
  QVERIFY(!broken);
  QCOMPARE(broken.error().code, ErrorCode::Format);
  QVERIFY(broken.error().message.find("line 2, column") != std::string::npos);
  QVERIFY(!ChatTemplate::parse("\xFF"));
  const auto good = ChatTemplate::parse("{{ messages[0].content }}{{ x }}");
  QVERIFY(good.has_value());
  QVERIFY(!(*good)->render_json("{\"role\": 1}", {}));
  QVERIFY(!(*good)->render_json("[", {}));
  RenderOptions options;
  options.variables = {{"x", "{not json"}};
  const auto variable = (*good)->render_json("[{\"content\": \"\"}]", options);
  QVERIFY(!variable);
  QVERIFY(variable.error().message.find("\"x\"") != std::string::npos);
  QVERIFY(!(*good)->render({{"user", "\xC3\x28"}}, {}));
  const auto include = ChatTemplate::parse("{% include '/etc/passwd' %}");
  QVERIFY(!include);
}

void TestChatTemplate::endless_templates_stop() {
  for (const char* source : {
           "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
           "{% for a in range(99999) %}{{ 'x' * 99999 }}{% endfor %}",
           "{% set ns = namespace(t='x') %}{% for a in range(99) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}",
           "{% set ns = namespace(t=[1]) %}{% for a in range(99) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
           "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
           "{{ 'x' * 10 ** 30 }}",
           "{{ [1] * 10 ** 30 }}",
           "{{ 'x'.ljust(10 ** 30) }}{{ 'x'.center(10 ** 18) }}",
           "{{ 'x'|indent(10 ** 20, true) }}",
           "{{ '%999999999d' % 1 }}",
           "{{ 'aaaaaaaaaa'.replace('', 'b' * 10 ** 8) }}",
           "{{ range(10 ** 9)|list }}",
           "{{ 10 ** 40 }}",
           "{% set ns = namespace() %}{% set ns.t = [] %}{% for a in range(999) %}{% set ns.t = [ns.t] %}{% endfor "
           "%}{{ ns.t }}",
           "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
       }) {
    const auto parsed = ChatTemplate::parse(source);
    QVERIFY2(parsed.has_value(), source);
    const auto rendered = (*parsed)->render({}, {});
    QVERIFY2(!rendered, source);
    QCOMPARE(rendered.error().code, ErrorCode::InvalidArgument);
  }
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "(";
  QVERIFY(!ChatTemplate::parse("{{ " + deep));
  std::string chain = "1";
  for (int i = 0; i < 100000; ++i) chain += "+1";
  QVERIFY(!ChatTemplate::parse("{{ " + chain + " }}"));
  std::string blocks;
  for (int i = 0; i < 100000; ++i) blocks += "{% if 1 %}";
  QVERIFY(!ChatTemplate::parse(blocks));
}

// Half a million lists, one inside the other, are freed without filling the stack.
void TestChatTemplate::deep_values_are_freed() {
  for (const char* source : {
           "{% set ns = namespace(t=[]) %}{% for a in range(99999) %}{% set ns.t = [ns.t] %}{% endfor %}x",
           "{% set ns = namespace(t={}) %}{% for a in range(99999) %}{% set ns.t = {'a': ns.t} %}{% endfor %}x",
           "{% set ns = namespace(t=[]) %}{% for a in range(99999) %}{% set ns.t = namespace(t=ns.t) %}{% endfor %}x",
           "{% set ns = namespace(t='') %}{% for a in range(99999) %}{% set ns.t = joiner(ns.t) %}{% endfor %}x",
           "{% set ns = namespace(t=[]) %}{% for a in range(99999) %}{% set ns.t = [ns.t].count %}{% endfor %}x",
           "{% set ns = namespace() %}{% for a in range(99999) %}{% macro f() %}{% endmacro %}{% set ns.t = [f, ns.t] %}"
           "{% endfor %}{% set ns.t = 1 %}x",
       }) {
    const auto parsed = ChatTemplate::parse(source);
    QVERIFY2(parsed.has_value(), source);
    const auto rendered = (*parsed)->render({}, {});
    QVERIFY2(rendered.has_value(), rendered ? "" : rendered.error().message.c_str());
    QCOMPARE(rendered->text, std::string("x"));
  }
}


QTEST_APPLESS_MAIN(TestChatTemplate)
#include "test_chat_template.moc"
