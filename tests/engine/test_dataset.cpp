// Import of every form of dataset, good rows and bad ones: what is read, and what is said by file, line and field.

#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

#include "engine/data/dataset.h"

using namespace scalewright;
namespace fs = std::filesystem;

namespace {

const std::string kLong(100, 'x');

std::vector<std::string> flat(const Example& example) {
  std::vector<std::string> out;
  for (const Message& message : example.messages) out.push_back(message.role + ":" + message.content);
  if (!example.text.empty()) out.push_back("text:" + example.text);
  return out;
}
using Lines = std::vector<std::string>;

}  // namespace

class TestDataset : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;

  fs::path write(const std::string& name, const std::string& text) {
    const fs::path path = fs::path(folder_.path().toStdString()) / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  Result<Dataset> import(const std::string& name, const std::string& text, ImportOptions options = {}) {
    return import_dataset(write(name, text), options);
  }
  static void same(const Result<Dataset>& dataset, DatasetFormat format, const std::vector<Lines>& expected) {
    QVERIFY2(dataset.has_value(), dataset ? "" : dataset.error().message.c_str());
    QCOMPARE(to_string(dataset->format), to_string(format));
    std::vector<Lines> got;
    for (const Example& example : dataset->examples) got.push_back(flat(example));
    if (got != expected) {
      for (const Lines& lines : got) {
        for (const std::string& line : lines) qInfo("%s", line.c_str());
      }
    }
    QVERIFY(got == expected);
  }
  static void has_problem(const Result<Dataset>& dataset, int64_t line, const std::string& field,
                          const std::string& words) {
    QVERIFY2(dataset.has_value(), dataset ? "" : dataset.error().message.c_str());
    for (const RowProblem& problem : dataset->problems) {
      if (problem.line == line && problem.field == field && problem.message.find(words) != std::string::npos) return;
    }
    for (const RowProblem& problem : dataset->problems) {
      qInfo("%s:%d [%s] %s", problem.file.c_str(), int(problem.line), problem.field.c_str(), problem.message.c_str());
    }
    QFAIL(("no problem in line " + std::to_string(line) + ", " + field + ": " + words).c_str());
  }
  static void refuses(const Result<Dataset>& dataset, const std::string& words) {
    QVERIFY(!dataset.has_value());
    QVERIFY2(dataset.error().message.find(words) != std::string::npos, dataset.error().message.c_str());
  }

 private slots:
  void alpaca() {
    same(import("a.json", R"([
  {"instruction": "Add.", "input": "1 + 2", "output": "3"},
  {"instruction": "Greet.", "input": "", "output": "Hello"},
  {"instruction": "More", "output": "ok", "system": "Be short.", "history": [["a", "b"]]}
])"),
         DatasetFormat::Alpaca,
         {{"user:Add.\n\n1 + 2", "assistant:3"},
          {"user:Greet.", "assistant:Hello"},
          {"system:Be short.", "user:a", "assistant:b", "user:More", "assistant:ok"}});
  }

  void sharegpt() {
    const auto set = import(
        "s.jsonl",
        R"({"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}, {"from": "human", "value": "left over"}]}
{"conversations": [{"from": "human", "value": "Q"}, {"from": "alien", "value": "A"}]}
{"conversations": "nothing"}
)");
    same(set, DatasetFormat::ShareGpt, {{"system:S", "user:Q", "assistant:A"}});
    has_problem(set, 2, "conversations[1].from", "\"alien\" is no known role");
    has_problem(set, 3, "conversations", "not a list");
  }

  void chat() {
    const auto set = import(
        "c.jsonl",
        R"({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]}], "tools": [{"name": "f"}]}

{"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": ""}]}
{"messages": [{"role": "user", "content": "Q"}]}
{"messages": [{"role": "user", "content": [{"type": "image_url"}]}, {"role": "assistant", "content": "A"}]}
{"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": null, "tool_calls": [{}]}]}
{"messages": [{"role": "user"}, {"role": "assistant", "content": ""}, 7]}
{"messages": []}
{"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
not json
{"messages": [{"role": "developer", "content": "D"}, {"role": "user", "content": "Q"}, {"role": "model", "content": "A"}]}
)");
    same(set, DatasetFormat::Chat, {{"user:Q", "assistant:AB"}, {"system:D", "user:Q", "assistant:A"}});
    has_problem(set, 3, "messages[1].content", "empty");
    has_problem(set, 4, "messages", "No message is by the assistant");
    has_problem(set, 5, "messages[0].content", "image_url");
    has_problem(set, 6, "messages[1]", "tool call");
    has_problem(set, 7, "messages[1].content", "empty");
    has_problem(set, 9, "", "closing brace");
    has_problem(set, 10, "", "not valid JSON");
    QCOMPARE(set->empty, int64_t{1});
    QCOMPARE(set->rows, int64_t{10});
    QCOMPARE(set->notes.size(), size_t{1});
    QVERIFY(set->notes[0].find("\"tools\" is ignored") != std::string::npos);
    QCOMPARE(set->examples[1].line, int64_t{11});
  }

  void pairs_and_their_names() {
    for (const auto& [prompt, completion] : {std::pair<std::string, std::string>{"prompt", "completion"},
                                             {"question", "answer"},
                                             {"instruction", "response"},
                                             {"input", "output"},
                                             {"query", "response"}}) {
      same(import("p.jsonl", "{\"" + prompt + "\": \"Q\", \"" + completion + "\": \"A\", \"id\": 7}\n"),
           DatasetFormat::PromptCompletion, {{"user:Q", "assistant:A"}});
    }
    // Other names by a mapping; numbers as answers; lists of messages as halves.
    same(import("m.jsonl", "{\"eq\": \"1+1\", \"res\": 2, \"sys\": \"S\"}\n",
                {.columns = {{"prompt", "eq"}, {"completion", "res"}, {"system", "sys"}}}),
         DatasetFormat::PromptCompletion, {{"system:S", "user:1+1", "assistant:2"}});
    same(
        import(
            "l.jsonl",
            R"({"prompt": [{"role": "user", "content": "Q"}], "completion": [{"role": "assistant", "content": "A"}]})"),
        DatasetFormat::PromptCompletion, {{"user:Q", "assistant:A"}});
    const auto set =
        import("e.jsonl",
               "{\"prompt\": \"Q\", \"completion\": \"  \"}\n{\"prompt\": \"\", \"completion\": \"A\"}\n{\"prompt\": "
               "\"\", \"completion\": \"\"}\n{\"prompt\": {}, \"completion\": \"A\"}\n{\"prompt\": "
               "\"Q\"}\n{\"prompt\": \"Q\", \"completion\": \"A\"}\n{\"prompt\": \"Q\", \"completion\": \"A\"}\n");
    has_problem(set, 1, "completion", "empty");
    has_problem(set, 2, "prompt", "empty");
    has_problem(set, 4, "prompt", "an object");
    has_problem(set, 5, "completion", "has no \"completion\"");
    QCOMPARE(set->empty, int64_t{1});
    QCOMPARE(set->duplicates, int64_t{1});
    QCOMPARE(set->examples.size(), size_t{2});
  }

  void csv() {
    same(import("t.csv", "\xEF\xBB\xBFquestion,answer,id\r\n\"a, \"\"b\"\"\",\"two\r\nlines\",1\r\n\r\nplain,x,2\r\n"),
         DatasetFormat::Csv, {{"user:a, \"b\"", "assistant:two\r\nlines"}, {"user:plain", "assistant:x"}});
    same(import("t.tsv", "prompt\tcompletion\nq, with comma\ta\n"), DatasetFormat::Csv,
         {{"user:q, with comma", "assistant:a"}});
    same(import("semi.csv", "prompt;completion\nq, r;a\n"), DatasetFormat::Csv, {{"user:q, r", "assistant:a"}});
    same(import("map.csv", "frage,antwort\nq,a\n", {.columns = {{"prompt", "frage"}, {"completion", "antwort"}}}),
         DatasetFormat::Csv, {{"user:q", "assistant:a"}});
    same(import("alpaca.csv", "instruction,input,output\nDo,this,done\n"), DatasetFormat::Csv,
         {{"user:Do\n\nthis", "assistant:done"}});
    same(import("text.csv", "id,text\n1,hello\n"), DatasetFormat::Csv, {{"text:hello"}});
    // The name in capitals; blank lines before the header.
    same(import("BIG.TSV", "prompt\tcompletion\tnotes, more, and others\nq\ta\tn\n"), DatasetFormat::Csv,
         {{"user:q", "assistant:a"}});
    same(import("late.csv", "\r\n\nprompt;completion\nq, r;a\n"), DatasetFormat::Csv, {{"user:q, r", "assistant:a"}});
    refuses(import("unknown.csv", "frage,antwort\nq,a\n"), "none of its columns (frage, antwort)");
    refuses(import("wrong.csv", "frage,antwort\nq,a\n", {.columns = {{"prompt", "fragen"}}}),
            "no column \"fragen\" for the prompt. The columns are frage, antwort");
    const auto set = import("bad.csv", "prompt,completion\nq,a,extra\nq\n\"x\"y,a\ngood,a\n\"open,a\n");
    has_problem(set, 2, "", "3 fields, but the header has 2");
    has_problem(set, 3, "", "1 fields");
    has_problem(set, 4, "", "closing quote");
    has_problem(set, 6, "", "never closed");
    QCOMPARE(set->examples.size(), size_t{1});
    QCOMPARE(set->examples[0].line, int64_t{5});
    QCOMPARE(set->columns, (Lines{"prompt", "completion"}));
  }

  void text() {
    same(import("d.txt", "one\r\ntwo\n\nthree\n"), DatasetFormat::Text, {{"text:one\ntwo\n\nthree"}});
    same(import("d.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n{\"text\": \"\"}\n"), DatasetFormat::Text,
         {{"text:a"}, {"text:b"}});
    const auto set = import("latin.txt", "caf\xE9\nfine\n");
    same(set, DatasetFormat::Text, {{"text:fine"}});
    has_problem(set, 1, "", "Byte 4 of the row is not valid UTF-8");
  }

  void json_arrays() {
    // Elements that are broken inside their brackets spoil no other; lines are counted; a file cut off says so.
    const auto set = import("arr.json",
                            "[\n{\"prompt\": \"]}\\\"\", \"completion\": \"a\"},\n{\"prompt\": "
                            "x},\n\n\"text\",\n{\"prompt\": \"q\",\n \"completion\": \"b\"}, {\"prompt\": \"cut");
    same(set, DatasetFormat::PromptCompletion, {{"user:]}\"", "assistant:a"}, {"user:q", "assistant:b"}});
    has_problem(set, 3, "", "not valid JSON");
    has_problem(set, 5, "", "is text, not an object");
    has_problem(set, 7, "", "cut off");
    const auto comma =
        import("comma.json", "[{\"prompt\": \"q\", \"completion\": \"b\"} {\"prompt\": \"r\", \"completion\": \"b\"}]");
    QCOMPARE(comma->examples.size(), size_t{1});
    has_problem(comma, 1, "", "comma is missing");
    same(import("trailing.json", "[{\"prompt\": \"q\", \"completion\": \"b\"},\n]\n"), DatasetFormat::PromptCompletion,
         {{"user:q", "assistant:b"}});
    // In one line, rows are told apart by their number, which counts those that cannot be used.
    const auto flat = import("flat.json", R"([{"prompt": "q", "completion": "a"},{},7,{"prompt": "r", "completion": "b"}])");
    same(flat, DatasetFormat::PromptCompletion, {{"user:q", "assistant:a"}, {"user:r", "assistant:b"}});
    QCOMPARE(flat->examples[0].row, int64_t{1});
    QCOMPARE(flat->examples[1].row, int64_t{4});
    QCOMPARE(flat->examples[1].line, int64_t{1});
    // Inside one object, on one line or several; one pretty-printed row; JSONL named .json.
    for (const char* text :
         {"{\"version\": 1,\n \"data\": [\n{\"prompt\": \"q\", \"completion\": \"b\"}\n]}",
          "{\"data\": [{\"prompt\": \"q\", \"completion\": \"b\"}]}",
          "{\n \"prompt\": \"q\",\n \"completion\": \"b\"\n}\n", "{\"prompt\": \"q\", \"completion\": \"b\"}\n"}) {
      same(import("in.json", text), DatasetFormat::PromptCompletion, {{"user:q", "assistant:b"}});
    }
    same(import("chat.json",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": "
                "\"a\"}]}\n"),
         DatasetFormat::Chat, {{"user:q", "assistant:a"}});
    // A conversation is one row, on one line or several: its messages are none.
    for (const std::string gap : {"", "\n  "}) {
      same(import("one-chat.json", "{" + gap + "\"messages\": [" + gap + R"({"role": "user", "content": "q"},)" + gap +
                                       R"({"role": "assistant", "content": "a"}])" + gap + "}"),
           DatasetFormat::Chat, {{"user:q", "assistant:a"}});
      same(import("one-share.json", "{" + gap + "\"conversations\": [" + gap + R"({"from": "human", "value": "q"},)" +
                                        gap + R"({"from": "gpt", "value": "a"}])" + gap + "}"),
           DatasetFormat::ShareGpt, {{"user:q", "assistant:a"}});
      refuses(import("dialog.json", "{" + gap + "\"dialog\": [" + gap + R"({"role": "user", "content": "q"},)" + gap +
                                        R"({"role": "assistant", "content": "a"}])" + gap + "}"),
              "The row is one message of a conversation");
    }
    refuses(import("messages.jsonl", R"({"role": "user", "content": "q"})"), "The row is one message of a conversation");
    same(import("roles.jsonl", R"({"role": "Engineer", "content": "builds"})"), DatasetFormat::Text, {{"text:builds"}});
    const auto lines = import("lines.json", "{\"prompt\": \n{\"prompt\": \"q\", \"completion\": \"b\"}\n");
    same(lines, DatasetFormat::PromptCompletion, {{"user:q", "assistant:b"}});
    has_problem(lines, 1, "", "not valid JSON");
    const auto wide = import(
        "comma.jsonl", "{\"prompt\": \"q\", \"completion\": \"b\"},\n{\"prompt\": \"q\", \"completion\": \"b\"}\n");
    has_problem(wide, 1, "", "comma behind it belongs to an array");
  }

  void refused_files() {
    refuses(import_dataset(fs::path(folder_.path().toStdString()) / "absent.jsonl", {}), "absent.jsonl");
    refuses(import_dataset(folder_.path().toStdString(), {}), "is a folder");
    refuses(import("empty.jsonl", ""), "the file is empty");
    refuses(import("blank.jsonl", "\n\n  \n"), "the file is empty");
    refuses(import("header.csv", "prompt,completion\n"), "the table has a header (prompt, completion) and no rows below it");
    refuses(import("none.jsonl", "{\"prompt\": \"\", \"completion\": \"\"}\n"), "every row is empty");
    refuses(import("odd.jsonl", "{\"alpha\": 1, \"beta\": 2}\n"), "it has alpha, beta");
    refuses(import("utf16.csv", std::string("\xFF\xFEp\0r\0", 6)), "UTF-16");
    refuses(import("t.parquet", "PAR1xxxx"), "Parquet");
    refuses(import("t.jsonl", "\x1F\x8B\x08 zipped"), "compressed");
    refuses(import("t.txt", std::string("a\0b", 3)), "not text");
    refuses(import("words.txt", "hello", {.format = DatasetFormat::Alpaca}), "plain text, not alpaca");
    const auto bytes =
        import("bytes.jsonl",
               "{\"prompt\": \"caf\xE9\", \"completion\": \"b\"}\n{\"prompt\": \"q\", \"completion\": \"b\"}\n");
    has_problem(bytes, 1, "", "not valid UTF-8");
    std::string deep(300, '[');
    const auto nested = import("deep.jsonl", deep + "\n{\"prompt\": \"q\", \"completion\": \"b\"}\n");
    has_problem(nested, 1, "", "not valid JSON");
  }

  void limit_and_many_rows() {
    std::string text;
    for (int i = 0; i < 50000; ++i)
      text += "{\"prompt\": \"question " + std::to_string(i) + " " + kLong + "\", \"completion\": \"answer\"}\n";
    const auto few = import("many.jsonl", text, {.limit = 10});
    QCOMPARE(few->examples.size(), size_t{10});
    const auto all = import("many.jsonl", text);
    QCOMPARE(all->examples.size(), size_t{50000});
    QCOMPARE(all->examples.back().line, int64_t{50000});
    QCOMPARE(all->duplicates, int64_t{0});
  }

  void sample() {
    for (const auto& [name, rows] :
         {std::pair<const char*, size_t>{"requests-train.jsonl", 600}, {"requests-held-out.jsonl", 100}}) {
      const auto set = import_dataset(fs::path(SCALEWRIGHT_SOURCE_DIR) / "resources" / "sample" / name, {});
      QVERIFY2(set.has_value(), set ? "" : set.error().message.c_str());
      QCOMPARE(set->examples.size(), rows);
      QVERIFY(set->problems.empty() && set->duplicates == 0);
      QCOMPARE(to_string(set->format), "chat");
    }
  }

  void format_words() {
    for (const char* word : {"auto", "alpaca", "sharegpt", "chat", "prompt-completion", "csv", "text"})
      QCOMPARE(to_string(*dataset_format_from(word)), word);
    QVERIFY(!dataset_format_from("xml"));
  }
};

QTEST_APPLESS_MAIN(TestDataset)
#include "test_dataset.moc"
