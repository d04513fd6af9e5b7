// Files, folders of the product, memory and NumPy arrays.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <set>

#include "engine/core/file.h"
#include "engine/core/json.h"
#include "engine/core/npy.h"
#include "engine/core/system.h"

using namespace scalewright;
namespace fs = std::filesystem;

namespace {
size_t files_in(const fs::path& folder) {
  size_t n = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++n;
  return n;
}
}  // namespace

class TestFile : public QObject {
  Q_OBJECT
  QTemporaryDir scratch_;
  fs::path at(const std::string& name) const { return fs::path(scratch_.path().toStdString()) / name; }

 private slots:
  void reads_what_was_written() {
    QVERIFY(write_text_file(at("a.txt"), "hello").has_value());
    QCOMPARE(read_text_file(at("a.txt")).value(), std::string("hello"));
    QVERIFY(!read_text_file(at("a.txt"), 4).has_value());
    const auto missing = InputFile::open(at("none"));
    QVERIFY(!missing.has_value());
    QVERIFY(missing.error().message.find("none") != std::string::npos);
    QVERIFY(!InputFile::open(scratch_.path().toStdString()).has_value());
  }

  void reads_past_the_end_are_errors() {
    QVERIFY(write_text_file(at("short"), "0123456789").has_value());
    const auto file = InputFile::open(at("short"));
    QVERIFY(file.has_value());
    std::byte buffer[8];
    QVERIFY(file->read_at(2, buffer).has_value());
    QVERIFY(!file->read_at(3, buffer).has_value());
    QVERIFY(!file->read_at(~uint64_t{0}, buffer).has_value());
    fs::resize_file(at("short"), 4);  // shortened while it is open: an error, not a signal
    QVERIFY(!file->read_at(2, buffer).has_value());
  }

  void an_unfinished_file_leaves_nothing() {
    QVERIFY(write_text_file(at("keep"), "old").has_value());
    const size_t before = files_in(at(""));
    {
      auto file = AtomicFile::create(at("keep"));
      QVERIFY(file.has_value());
      QVERIFY(file->write("new").has_value());
    }
    QCOMPARE(read_text_file(at("keep")).value(), std::string("old"));
    QCOMPARE(files_in(at("")), before);
    auto moved = AtomicFile::create(at("keep"));
    AtomicFile other = std::move(*moved);
    const std::string large(3 << 20, 'x');
    QVERIFY(other.write("a").has_value() && other.write(large).has_value() && other.commit().has_value());
    QCOMPARE(read_text_file(at("keep")).value().size(), large.size() + 1);
    QVERIFY(!other.write("late").has_value());
    QVERIFY(!AtomicFile::create(at("no/folder/file")).has_value());
    QVERIFY(!AtomicFile::create(at("")).has_value());
  }

  // As on a full disk: the write that no longer fits is an error, and what was there before stays.
  void a_write_that_fails_leaves_the_old_file() {
    QVERIFY(write_text_file(at("full"), "old").has_value());
    const size_t before = files_in(at(""));
    struct rlimit usual {};
    QCOMPARE(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small {1 << 20, usual.rlim_max};
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto written = write_text_file(at("full"), std::string(3 << 20, 'x'));
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &usual), 0);
    std::signal(SIGXFSZ, handler);
    QVERIFY(!written.has_value());
    QCOMPARE(written.error().code, ErrorCode::Io);
    QVERIFY2(written.error().message.find("full: cannot write the file: ") != std::string::npos, written.error().message.c_str());
    QCOMPARE(read_text_file(at("full")).value(), std::string("old"));
    QCOMPARE(files_in(at("")), before);
  }

  // In a container the next process has the same number and counts its parts from the same one.
  void the_name_of_a_killed_writer_is_no_hindrance() {
    fs::create_directory(at("killed"));
    const auto names = [&] {
      std::set<std::string> all;
      for (const auto& entry : fs::directory_iterator(at("killed"))) all.insert(entry.path().filename().string());
      return all;
    };
    const fs::path file = at("killed/model.gguf");
    std::string next;
    {
      const auto first = AtomicFile::create(file);
      QVERIFY(first.has_value());
      next = *names().begin();
      const size_t number = next.rfind('-') + 1;
      next = next.substr(0, number) + std::to_string(std::stoull(next.substr(number)) + 1);
    }
    QVERIFY(names().empty());
    fs::create_directory(at("killed") / next);  // a folder that is not empty is another of its kinds
    for (const std::string& name : {next + "/tensors", std::string("model.gguf.part-1-0"), std::string("model.gguf.part-notes"), std::string("model.gguf.part-1-0.txt"), std::string("other.gguf.part-1-0")})
      QVERIFY(write_text_file(at("killed") / name, "x").has_value());
    auto written = AtomicFile::create(file);
    QVERIFY2(written.has_value(), written ? "" : written.error().message.c_str());
    QVERIFY(written->write("new").has_value());
    QCOMPARE(names().count(next), size_t{0});
    QCOMPARE(names().count("model.gguf.part-1-0"), size_t{0});
    QCOMPARE(names().size(), size_t{4});
    // Another writer of the same file, alive: here, and in a process of its own until that is gone.
    QVERIFY(write_text_file(file, "between").has_value());
    QCOMPARE(names().size(), size_t{5});
    QVERIFY(written->commit().has_value());
    QCOMPARE(read_text_file(file).value(), std::string("new"));
    int told[2], over[2];
    QVERIFY(::pipe(told) == 0 && ::pipe(over) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      char byte = 0;
      const auto part = AtomicFile::create(file);
      if (::write(told[1], &byte, 1) != 1 || ::read(over[0], &byte, 1) != 1) ::_exit(1);
      ::_exit(part.has_value() ? 0 : 1);
    }
    char byte = 0;
    QVERIFY(child > 0 && ::read(told[0], &byte, 1) == 1);
    QVERIFY(write_text_file(file, "beside it").has_value());
    QCOMPARE(names().size(), size_t{5});
    QVERIFY(::write(over[1], &byte, 1) == 1);
    int status = -1;
    QVERIFY(::waitpid(child, &status, 0) == child && status == 0);
    QCOMPARE(names().size(), size_t{5});
    QVERIFY(write_text_file(file, "after it").has_value());
    QCOMPARE(names(), (std::set<std::string>{"model.gguf", "model.gguf.part-1-0.txt", "model.gguf.part-notes", "other.gguf.part-1-0"}));
    for (const int end : {told[0], told[1], over[0], over[1]}) ::close(end);
  }

  void arrays_survive() {
    const std::vector<float> values = {1.5f, -2.0f, 0.0f, 3.25f, 1e-8f, 7.0f};
    const std::vector<int64_t> shape = {2, 3};
    QVERIFY(write_npy(at("f.npy"), std::span<const float>(values), shape).has_value());
    const auto array = read_npy(at("f.npy"));
    QVERIFY(array.has_value());
    QCOMPARE(array->dtype, std::string("<f4"));
    QCOMPARE(array->shape, shape);
    QCOMPARE(npy_as_float(*array).value(), values);
    QVERIFY(!npy_as_int32(*array).has_value());
    const std::vector<int32_t> ids = {5, -100, 7};
    const std::vector<int64_t> line = {3};
    QVERIFY(write_npy(at("i.npy"), std::span<const int32_t>(ids), line).has_value());
    QCOMPARE(npy_as_int32(read_npy(at("i.npy")).value()).value(), ids);
    QVERIFY(!write_npy(at("x.npy"), std::span<const int32_t>(ids), shape).has_value());
    std::string bytes = read_text_file(at("f.npy")).value();
    for (size_t size = 0; size < bytes.size(); ++size) {
      QVERIFY(write_text_file(at("cut.npy"), std::string_view(bytes).substr(0, size)).has_value());
      QVERIFY2(!read_npy(at("cut.npy")).has_value(), std::to_string(size).c_str());
    }
    bytes.replace(bytes.find("(2, 3)"), 6, "(2, 9)");
    QVERIFY(write_text_file(at("lie.npy"), bytes).has_value());
    QVERIFY(!read_npy(at("lie.npy")).has_value());
  }

  void json_is_bounded() {
    QVERIFY(parse_json("{\"a\": [1, {\"b\": 2}]}", "x").has_value());
    QVERIFY(!parse_json(std::string(100000, '['), "x").has_value());
    QVERIFY(!parse_json("{\"a\": }", "x").has_value());
    QVERIFY(!parse_json("{\"a\": 1e999999}", "x").has_value());
    const auto parsed =
        parse_json("{\"n\": 3, \"f\": 2.0, \"s\": \"t\", \"z\": null, \"u\": 18446744073709551615}", "x").value();
    QCOMPARE(json_int(parsed, "n", 0), int64_t{3});
    QCOMPARE(json_int(parsed, "f", 0), int64_t{2});
    QCOMPARE(json_int(parsed, "u", -1), int64_t{-1});
    QCOMPARE(json_string(parsed, "n", "no"), std::string("no"));
    QVERIFY(json_member(parsed, "z").is_null() && json_member(parsed, "none").is_null());
  }

  void the_machine_is_there() {
    const MemoryStatus memory = memory_status();
    QVERIFY(memory.total_bytes > (uint64_t{64} << 20));
    QVERIFY(memory.available_bytes > 0 && memory.available_bytes <= memory.total_bytes);
    QVERIFY(resident_bytes() > 0 && peak_resident_bytes() >= resident_bytes() / 2);
    QVERIFY(processor_count() >= 1);
    QVERIFY(!cpu_name().empty());
    QVERIFY(free_disk_bytes(at("not/yet/there")) > 0);
  }

  void folders_follow_the_environment() {
    qputenv("XDG_DATA_HOME", scratch_.path().toUtf8());
    QVERIFY(data_folder() == at("scalewright"));
    QVERIFY(fs::is_directory(data_folder()));
    qputenv("SCALEWRIGHT_RESOURCES", "/somewhere");
    QVERIFY(sample_dataset_path(true) == "/somewhere/sample/requests-held-out.jsonl");
    qunsetenv("SCALEWRIGHT_RESOURCES");
    QVERIFY(!resource_folder().empty());
  }
};

QTEST_APPLESS_MAIN(TestFile)
#include "test_file.moc"
