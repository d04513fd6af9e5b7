// Recipes: saved and read back, refused where no run can use them, and the rates that they mean.

#include <QtTest>
#include <cmath>

#include "engine/tune/recipe.h"
#include "tests/testkit/random_model.h"

using namespace scalewright;

class TestRecipe : public QObject {
  Q_OBJECT
 private slots:
  void comes_back_from_json();
  void refuses_bad_json();
  void refuses_bad_values();
  void names_what_differs();
  void warms_up_and_decays();
  void default_rates();
};

void TestRecipe::comes_back_from_json() {
  TuneRecipe r;
  r.model = "/models/a b.gguf";
  r.data = "rows \xc3\xa9.jsonl";
  r.validation = "held.jsonl";
  r.data_format = DatasetFormat::ShareGpt;
  r.validation_split = 0.125;
  r.steps = 17;
  r.epochs = 1.1;
  r.context = 777;
  r.batch = 3;
  r.accumulate = 5;
  r.learning_rate = 0.1 + 0.2;
  r.schedule = Schedule::Linear;
  r.warmup = 12.0;
  r.weight_decay = 0.01;
  r.clip = 0.0;
  r.beta1 = 0.8;
  r.beta2 = 0.99;
  r.epsilon = 1e-7;
  r.parametrization = Parametrization::Raw;
  r.granularity = Granularity::Row;
  r.memory_limit = 0xfedcba9876543210u;
  r.checkpoint_every = 0.25;
  r.validate_every = 4;
  r.train_on_inputs = true;
  r.exact_products = true;
  r.system_prompt = "line\n\"two\"";
  r.sample_prompt = "hello";
  r.seed = 0xffffffffffffffffu;
  r.threads = 2;
  r.save_batches = "b.safetensors";
  const std::string json = recipe_to_json(r);
  const auto back = recipe_from_json(json);
  QVERIFY2(back, back ? "" : back.error().message.c_str());
  QCOMPARE(recipe_to_json(*back), json);
  QCOMPARE(back->learning_rate, r.learning_rate);  // to the bit
  QCOMPARE(back->seed, r.seed);
  QCOMPARE(back->memory_limit, r.memory_limit);
  QVERIFY(recipe_difference(r, *back).empty());
}

void TestRecipe::refuses_bad_json() {
  for (const char* text : {"", "[]", "{\"schedule\": \"zigzag\"}", "{\"granularity\": \"column\"}", "{\"context\": "}) {
    const auto result = recipe_from_json(text);
    QVERIFY2(!result, text);
    QVERIFY2(result.error().message.starts_with("recipe.json: "), result.error().message.c_str());
    QVERIFY(recipe_from_json(text, "run/checkpoint.bin").error().message.starts_with("run/checkpoint.bin: "));
  }
  const auto defaults = recipe_from_json("{}");
  QVERIFY(defaults);
  QCOMPARE(recipe_to_json(*defaults), recipe_to_json(TuneRecipe{}));
}

void TestRecipe::refuses_bad_values() {
  QVERIFY(check_recipe(TuneRecipe{}));
  const double nan = std::nan("");
  const std::vector<std::function<void(TuneRecipe&)>> faults = {[](TuneRecipe& r) { r.context = 1; },
                                                                [](TuneRecipe& r) { r.batch = 0; },
                                                                [](TuneRecipe& r) { r.accumulate = 0; },
                                                                [](TuneRecipe& r) { r.steps = -1; },
                                                                [](TuneRecipe& r) { r.epochs = 0.0; },
                                                                [&](TuneRecipe& r) { r.epochs = nan; },
                                                                [](TuneRecipe& r) { r.learning_rate = -1; },
                                                                [](TuneRecipe& r) { r.learning_rate = 100; },
                                                                [&](TuneRecipe& r) { r.learning_rate = nan; },
                                                                [](TuneRecipe& r) { r.warmup = -1; },
                                                                [](TuneRecipe& r) { r.weight_decay = -1; },
                                                                [](TuneRecipe& r) { r.clip = -1; },
                                                                [](TuneRecipe& r) { r.beta1 = 1.0; },
                                                                [](TuneRecipe& r) { r.epsilon = -1; },
                                                                [](TuneRecipe& r) { r.validation_split = 1.0; },
                                                                [](TuneRecipe& r) { r.checkpoint_every = -1; },
                                                                [](TuneRecipe& r) { r.validate_every = -1; }};
  for (size_t i = 0; i < faults.size(); ++i) {
    TuneRecipe recipe;
    faults[i](recipe);
    const auto checked = check_recipe(recipe);
    QVERIFY2(!checked, qPrintable(QString::number(i)));
    QCOMPARE(checked.error().code, ErrorCode::InvalidArgument);
  }
}

void TestRecipe::names_what_differs() {
  TuneRecipe a, b;
  b.learning_rate = 0.01;
  QVERIFY(recipe_difference(a, b).find("learning_rate was 0.0 and is 0.01") != std::string::npos);
  TuneRecipe free = a;
  free.threads = 7;
  free.memory_limit = 1;
  free.model = "elsewhere";
  free.checkpoint_every = 1;
  QVERIFY(recipe_difference(a, free).empty());
  TuneRecipe epochs = a;
  epochs.epochs = 4;
  QVERIFY(!recipe_difference(a, epochs).empty());
  a.steps = epochs.steps = 10;  // then epochs mean nothing
  QVERIFY(recipe_difference(a, epochs).empty());
}

void TestRecipe::warms_up_and_decays() {
  TuneRecipe r;
  r.warmup = 0.1;
  const auto rate = [&](int64_t step) { return learning_rate_at(r, 2.0, step, 100); };
  for (const Schedule schedule : {Schedule::Constant, Schedule::Cosine, Schedule::Linear}) {
    r.schedule = schedule;
    for (int64_t step = 0; step < 10; ++step) QCOMPARE(rate(step), 2.0 * static_cast<double>(step + 1) / 10.0);
    QCOMPARE(rate(10), 2.0);
    for (int64_t step = 11; step < 100; ++step) {
      QVERIFY(rate(step) <= rate(step - 1) && rate(step) > 0.0);
    }
  }
  QCOMPARE(rate(55), 1.0);  // linear, half way
  r.schedule = Schedule::Cosine;
  QCOMPARE(rate(55), 1.0);
  QVERIFY(std::abs(rate(32) - (1.0 + std::cos(M_PI * 22.0 / 90.0))) < 1e-12);
  r.schedule = Schedule::Constant;
  QCOMPARE(rate(99), 2.0);
  r.warmup = 4;  // steps
  QCOMPARE(rate(0), 0.5);
  QCOMPARE(rate(4), 2.0);
  r.warmup = 0.0;
  QCOMPARE(rate(0), 2.0);
  QCOMPARE(learning_rate_at(r, 2.0, 0, 1), 2.0);
}

void TestRecipe::default_rates() {
  for (const testkit::RandomKind& kind : testkit::random_kinds()) {
    testkit::ModelMaker maker(kind, 3);
    Model model;
    model.weights.layers.resize(1);
    model.weights.layers[0].attn_output.weight = maker.quantized(32, 256, 0.5f);
    TuneRecipe r;
    const double relative = kind.bits == 2   ? kRelativeRate2Bits
                            : kind.bits == 3 ? kRelativeRate3Bits
                                             : kRelativeRate4Bits;
    QCOMPARE(default_learning_rate(model, r), relative);
    r.parametrization = Parametrization::Raw;
    // An Adam step moves every scale by about the rate: relative to the mean scale it is the same as in the relative
    // form.
    const auto& matrix = model.weights.layers[0].attn_output.weight.quant();
    std::vector<float> scales(static_cast<size_t>(matrix.rows() * matrix.layout().groups()));
    matrix.read_scales(scales, {});
    double mean = 0.0;
    for (const float s : scales) mean += std::abs(s) / static_cast<double>(scales.size());
    QVERIFY(std::abs(default_learning_rate(model, r) / (relative * mean) - 1.0) < 1e-6);
    r.granularity = Granularity::Row;
    QCOMPARE(default_learning_rate(model, r), relative);
  }
}

QTEST_APPLESS_MAIN(TestRecipe)
#include "test_recipe.moc"
