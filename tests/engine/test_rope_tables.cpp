// rope_frequencies() against tables computed elsewhere, for every kind of scaling.

#include <QtTest>
#include <cmath>

#include "engine/model/config_reader.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;

class TestRopeTables : public QObject {
  Q_OBJECT
 private slots:
  void tables_data() {
    QTest::addColumn<int>("index");
    const auto cases = testkit::read_json(testkit::golden_folder() / "families" / "rope_tables.json");
    QVERIFY(!cases.empty());
    for (size_t i = 0; i < cases.size(); ++i) {
      QTest::newRow(cases[i]["label"].get<std::string>().c_str()) << static_cast<int>(i);
    }
  }
  void tables() {
    QFETCH(int, index);
    const auto item =
        testkit::read_json(testkit::golden_folder() / "families" / "rope_tables.json")[static_cast<size_t>(index)];
    const int head_dim = item["head_dim"].get<int>();
    // The parameters travel through the reader of config.json, as they do in a model.
    nlohmann::json config = {{"model_type", "llama"},
                             {"hidden_size", 4 * head_dim},
                             {"intermediate_size", 64},
                             {"num_hidden_layers", 1},
                             {"num_attention_heads", 4},
                             {"vocab_size", 100},
                             {"max_position_embeddings", item["max_position_embeddings"]},
                             {"rope_parameters", item["rope_parameters"]}};
    const ModelConfig parsed = testkit::need(config_from_hf(config, "test"));
    const int64_t longest = item["seq_len"].is_null() ? 1 : item["seq_len"].get<int64_t>();
    std::vector<double> got;
    double factor = 0;
    rope_frequencies(parsed.rope, parsed.rotary, parsed.context_length, longest, got, factor);
    const auto want = item["inv_freq"].get<std::vector<double>>();
    QCOMPARE(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      QVERIFY2(
          std::abs(got[i] - want[i]) <= 1e-6 * want[i],
          qPrintable(QString("pair %1: %2 instead of %3").arg(i).arg(got[i], 0, 'g', 12).arg(want[i], 0, 'g', 12)));
    }
    const double attention = item["attention_factor"].get<double>();
    QVERIFY2(std::abs(factor - attention) <= 1e-6 * attention,
             qPrintable(QString("%1 instead of %2").arg(factor).arg(attention)));
  }

  void divisors_of_a_gguf_apply() {
    RopeConfig rope;
    std::vector<double> plain, divided;
    double factor = 0;
    rope_frequencies(rope, 8, 128, 1, plain, factor);
    rope.frequency_divisors = {1, 2, 4, 8};
    rope_frequencies(rope, 8, 128, 1, divided, factor);
    for (size_t i = 0; i < 4; ++i) QCOMPARE(divided[i], plain[i] / rope.frequency_divisors[i]);
  }
};

QTEST_APPLESS_MAIN(TestRopeTables)
#include "test_rope_tables.moc"
