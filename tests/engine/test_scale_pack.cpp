// Scale packs: a task switched on and off exactly, for every kind of matrix; packs of another base and damaged ones
// refused.

#include <QTemporaryDir>
#include <QtTest>

#include "engine/core/file.h"
#include "engine/tune/recipe.h"
#include "engine/tune/scale_pack.h"
#include "tests/testkit/golden_model.h"
#include "tests/testkit/random_model.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

std::shared_ptr<Model> small_model(const RandomKind& kind, unsigned seed) {
  ModelMaker maker(kind, seed);
  auto model = std::make_shared<Model>();
  model->name = "small";
  model->weights.layers.resize(2);
  int number = 0;
  for (Layer& layer : model->weights.layers) {
    for (const char* name : {"attn_q", "attn_k", "attn_v"}) {
      layer.qkv.push_back({"blk." + std::to_string(number) + "." + name, Matrix(maker.quantized(24, 256, 0.5f)), {}});
    }
    layer.attn_output = {"blk." + std::to_string(number) + ".attn_output", Matrix(maker.quantized(40, 256, 0.5f)), {}};
    layer.gate_up.push_back({"blk." + std::to_string(number) + ".ffn_up", Matrix(maker.quantized(17, 512, 0.5f)), {}});
    layer.down = {"blk." + std::to_string(number) + ".ffn_down", Matrix(maker.quantized(16, 256, 0.5f)), {}};
    ++number;
  }
  return model;
}

std::vector<float> moved_values(const Model& model, const TrainableLayout& layout, unsigned seed) {
  std::vector<float> values(layout.total);
  initial_scales(model, layout, values.data());
  std::mt19937 random(seed);
  for (float& value : values) value *= 0.8f + 0.4f * static_cast<float>(random() % 1000) / 1000.0f;
  return values;
}

}  // namespace

class TestScalePack : public QObject {
  Q_OBJECT
 private slots:
  void switches_and_undoes_data();
  void switches_and_undoes();
  void rounded_scales_need_no_offsets();
  void refuses_another_base();
  void refuses_damage();
};

void TestScalePack::switches_and_undoes_data() {
  QTest::addColumn<int>("kind");
  QTest::addColumn<bool>("row");
  for (size_t i = 0; i < random_kinds().size(); ++i) {
    for (const bool row : {false, true})
      QTest::addRow("%s %s", random_kinds()[i].name, row ? "row" : "group") << static_cast<int>(i) << row;
  }
}

void TestScalePack::switches_and_undoes() {
  QFETCH(int, kind);
  QFETCH(bool, row);
  QTemporaryDir folder;
  const std::filesystem::path base_path = folder.path().toStdString();
  const auto model = small_model(random_kinds()[static_cast<size_t>(kind)], 5);
  const std::string hash = model->codes_hash();
  const TrainableLayout layout = trainable_layout(*model, row ? Granularity::Row : Granularity::Group);
  const auto base = snapshot_scales(*model, layout);

  std::vector<std::vector<std::vector<uint16_t>>> tuned;
  for (const unsigned task : {1u, 2u}) {
    const std::vector<float> values = moved_values(*model, layout, task);
    store_scales(*model, layout, values.data(), base);
    tuned.push_back(snapshot_scales(*model, layout));
    const auto path = base_path / ("task" + std::to_string(task) + ".safetensors");
    const auto written = write_scale_pack(path, *model, layout, values.data(), "task");
    QVERIFY2(written, written ? "" : written.error().message.c_str());
    restore_scales(*model, layout, base);
  }
  QVERIFY(tuned[0] != tuned[1] && tuned[0] != base);
  const ScalePack first = need(ScalePack::load(base_path / "task1.safetensors", *model));
  const ScalePack second = need(ScalePack::load(base_path / "task2.safetensors", *model));
  QCOMPARE(first.info().name, std::string("task"));
  QCOMPARE(first.info().codes_hash, hash);
  QCOMPARE(first.info().bytes, static_cast<uint64_t>(std::filesystem::file_size(base_path / "task1.safetensors")));
  QVERIFY(first.info().granularity == layout.granularity);
  first.apply(*model, base);
  QVERIFY(snapshot_scales(*model, layout) == tuned[0]);
  second.apply(*model, base);  // from one task straight to another
  QVERIFY(snapshot_scales(*model, layout) == tuned[1]);
  first.apply(*model, base);
  QVERIFY(snapshot_scales(*model, layout) == tuned[0]);
  restore_scales(*model, layout, base);
  QVERIFY(snapshot_scales(*model, layout) == base);
  QCOMPARE(model->codes_hash(), hash);
}

// What the trainer writes: scales rounded to halves first. Then offsets follow, and the pack is half the size.
void TestScalePack::rounded_scales_need_no_offsets() {
  QTemporaryDir folder;
  const std::filesystem::path path = std::filesystem::path(folder.path().toStdString()) / "pack.safetensors";
  const auto model = small_model(random_kinds().front(), 5);
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  const auto base = snapshot_scales(*model, layout);
  std::vector<float> values = moved_values(*model, layout, 1);
  for (float& value : values) value = kernels::half_to_float(kernels::float_to_half(value));
  store_scales(*model, layout, values.data(), base);
  const auto tuned = snapshot_scales(*model, layout);
  QVERIFY(write_scale_pack(path, *model, layout, values.data(), "task"));
  QVERIFY(std::filesystem::file_size(path) < 2 * layout.total + 4096);
  restore_scales(*model, layout, base);
  need(ScalePack::load(path, *model)).apply(*model, base);
  QVERIFY(snapshot_scales(*model, layout) == tuned);
}

void TestScalePack::refuses_another_base() {
  QTemporaryDir folder;
  const std::filesystem::path path = std::filesystem::path(folder.path().toStdString()) / "pack.safetensors";
  const RandomKind& kind = random_kinds().front();
  const auto model = small_model(kind, 5), other = small_model(kind, 6);
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  QVERIFY(write_scale_pack(path, *model, layout, moved_values(*model, layout, 1).data(), "task"));
  const auto pack = ScalePack::load(path, *other);
  QVERIFY(!pack);
  QVERIFY(pack.error().message.find(model->codes_hash()) != std::string::npos);
  QVERIFY(pack.error().message.find(other->codes_hash()) != std::string::npos);
}

void TestScalePack::refuses_damage() {
  QTemporaryDir folder;
  const std::filesystem::path path = std::filesystem::path(folder.path().toStdString()) / "pack.safetensors";
  const auto model = small_model(random_kinds().front(), 5);
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  QVERIFY(write_scale_pack(path, *model, layout, moved_values(*model, layout, 1).data(), "task"));
  const std::string good = need(read_text_file(path));
  for (const size_t size : {size_t{0}, size_t{7}, size_t{60}, good.size() / 2, good.size() - 1}) {
    QVERIFY(write_text_file(path, good.substr(0, size)));
    QVERIFY(!ScalePack::load(path, *model));
    QVERIFY(!scale_pack_info(path));
  }
  // Each of these says something else than the model expects.
  const std::pair<const char*, const char*> changes[] = {{"scalewright-scale-pack-1", "scalewright-scale-pack-9"},
                                                         {"\"granularity\":\"group\"", "\"granularity\":\"gruop\""},
                                                         {"blk.0.attn_q.scales", "blk.7.attn_q.scales"}};
  for (const auto& [from, to] : changes) {
    std::string bad = good;
    const size_t at = bad.find(from);
    QVERIFY2(at != std::string::npos, from);
    bad.replace(at, std::string(from).size(), to);
    QVERIFY(write_text_file(path, bad));
    const auto pack = ScalePack::load(path, *model);
    QVERIFY2(!pack, to);
    QVERIFY(!pack.error().message.empty());
  }
  QVERIFY(!scale_pack_info(path.parent_path() / "absent.safetensors"));
  QVERIFY(write_text_file(path, good));
  QVERIFY(ScalePack::load(path, *model));
}

QTEST_APPLESS_MAIN(TestScalePack)
#include "test_scale_pack.moc"
