// The memory of an emulated card: what a model keeps there, what stays in the host's memory and is fetched in time, and
// what is refused before it starts.

#include <QtTest>
#include <cstring>

#include "engine/backend/cuda_backend.h"
#include "engine/backend/cuda_memory.h"
#include "engine/chat/generator.h"
#include "engine/model/session.h"
#include "engine/quant/tap_backend.h"
#include "engine/tune/step_estimate.h"
#include "tests/testkit/random_model.h"
#include "tests/testkit/simt/simt.h"
#include "tests/testkit/tune_fixture.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

constexpr uint64_t kLarge = uint64_t{1} << 32;
constexpr int kLayers = 5;

std::unique_ptr<Backend> card() {
  std::string why;
  return cuda_emulated::make_cuda_backend(nullptr, why);
}

// The weights of `model` that lie in the host's memory.
uint64_t pinned_bytes(const Model& model, const Backend& backend) {
  uint64_t total = 0;
  for (const auto& layer : model.weights.list().layers)
    for (const auto& matrix : layer)
      if (!backend.in_device_memory(matrix.data())) total += matrix.size();
  return total;
}

std::vector<float> answer(Session& session, std::span<const int32_t> prompt) {
  session.rewind(0);
  need(session.append(prompt));
  for (const int32_t id : {5, 6, 7}) need(session.append(std::span(&id, 1)));
  return {session.logits().begin(), session.logits().end()};
}

const std::vector<int32_t> kPrompt{3, 7, 1, 0, 22, 9, 4, 4, 15, 30, 2};
const SessionOptions kSession{.context = 32, .chunk = 8};

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

class TestCudaMemory : public QObject {
  Q_OBJECT

  // A model of kLayers layers on a card with so much room for it, of which weights take three quarters.
  static std::shared_ptr<Model> model_on_card(uint64_t bytes) {
    simt::card().total_bytes = bytes;
    use_memory_source(&cuda_emulated::card_memory());
    return random_model(random_kinds()[0], false, 5, kLayers);
  }
  // So much that two of its layers fit the share of the weights, and three do not.
  static uint64_t small_card() {
    uint64_t layer = 0;
    const auto model = random_model(random_kinds()[0], false, 5, 1);
    for (const Linear* linear : std::as_const(*model).weights.linears()) layer += linear->weight.bytes();
    return static_cast<uint64_t>(2.5 * static_cast<double>(layer) / cuda_emulated::kWeightShare);
  }

 private slots:
  void init() {
    simt::card().total_bytes = kLarge;
    simt::card().other_bytes = 0;
    use_memory_source(nullptr);
  }
  void cleanup() {
    simt::defer(false);
    use_memory_source(nullptr);
  }

  void room_is_counted() {
    QCOMPARE(cuda_emulated::card_use(0).held_bytes, uint64_t{0});
    simt::card().total_bytes = 1000000;
    simt::card().other_bytes = 200000;
    use_memory_source(&cuda_emulated::card_memory());
    const auto backend = card();
    QCOMPARE(backend->device_memory()->total_bytes, uint64_t{1000000});
    QCOMPARE(backend->device_memory()->available_bytes, uint64_t{800000});
    {
      const AlignedBytes weights(500000);
      QVERIFY(backend->in_device_memory(weights.data()));
      QCOMPARE(backend->device_memory()->available_bytes, uint64_t{800000});
      QVERIFY(backend->device_memory()->held_bytes >= 500000);
      const AlignedBytes more(200000);  // beyond the share of weights
      QVERIFY(!backend->in_device_memory(more.data()));
      QVERIFY(cuda_emulated::card_use(0).pinned_bytes >= 200000);
      const AlignedBytes work(200000, MemoryUse::Work);
      QVERIFY(backend->in_device_memory(work.data()));
      QVERIFY(std::all_of(work.data(), work.data() + 200000, [](uint8_t b) { return b == 0; }));
      QVERIFY_THROWS_EXCEPTION(std::bad_alloc, AlignedBytes(200000, MemoryUse::Work));
    }
    QCOMPARE(cuda_emulated::card_use(0).held_bytes, uint64_t{0});
    QCOMPARE(cuda_emulated::card_use(0).pinned_bytes, uint64_t{0});
    QCOMPARE(simt::card().held_bytes, uint64_t{0});
  }

  // Who computed on a card and then asks for the processor has the host's memory again; a refusal changes nothing.
  void the_processor_takes_the_hosts_memory() {
    use_memory_source(&cuda_emulated::card_memory());
    QVERIFY(!make_backend({.threads = -1, .device = "cpu"}));
    QVERIFY(&memory_source() == &cuda_emulated::card_memory());
    const auto processor = need(make_backend({.threads = 1, .device = "cpu"}));
    QVERIFY(&memory_source() == &host_memory());
    const AlignedBytes work(1000, MemoryUse::Work);
    QCOMPARE(cuda_emulated::card_use(0).held_bytes, uint64_t{0});
  }

  // Nothing of the model is copied to the card again, token by token: it reads a few numbers a token where the host writes
  // them, the chunk's tables at the most.
  void decoding_stages_nothing() {
    const auto model = model_on_card(kLarge);
    const auto backend = card();
    const auto session = need(Session::create(model, *backend, kSession));
    need(session->append(kPrompt));
    const uint64_t staged = simt::card().staged_bytes, in_place = simt::card().in_place_bytes;
    const int32_t id = 5;
    for (int i = 0; i < 3; ++i) need(session->append(std::span(&id, 1)));
    QCOMPARE(simt::card().staged_bytes, staged);
    const auto half = static_cast<uint64_t>(model->config.rotary / 2), chunk = static_cast<uint64_t>(kSession.chunk);
    QVERIFY(simt::card().in_place_bytes - in_place <= 3 * 4 * (3 * chunk + 1 + 4 * chunk * half));
  }

  // Who looks at products on the way loses nothing of what a card does beside them: its norms lie there, and its calls queue.
  void taps_see_what_the_card_computes() {
    const auto model = model_on_card(kLarge);
    const auto backend = card();
    const std::vector<float> expected = answer(*need(Session::create(model, *backend, kSession)), kPrompt);
    quant::TapBackend tap(*backend);
    int rows = 0;
    bool finite = true;
    const Matrix& watched = model->weights.layers[2].qkv.front().weight;
    tap.watch(watched.data().data(), [&](const float* x, int64_t ldx, int64_t T) {
      rows += static_cast<int>(T);
      for (int64_t t = 0; t < T; ++t)
        for (int64_t k = 0; k < watched.cols(); ++k) finite = finite && std::isfinite(x[t * ldx + k]);
    });
    simt::defer(true);
    const auto session = need(Session::create(model, tap, kSession));
    const std::vector<float> got = answer(*session, kPrompt);
    // A watched norm divides before its product, another one behind it.
    QVERIFY(relative_distance(got.data(), expected.data(), got.size()) <= 1e-5);
    QCOMPARE(rows, static_cast<int>(kPrompt.size()) + 3);
    QVERIFY(finite);
    const uint64_t staged = simt::card().staged_bytes;
    const int32_t id = 5;
    need(session->append(std::span(&id, 1)));
    QCOMPARE(simt::card().staged_bytes, staged);
    QCOMPARE(rows, static_cast<int>(kPrompt.size()) + 4);
  }

  // What is held was named: memory that is used again, for other norms, is read again.
  void held_vectors_end_with_the_session() {
    const auto model = model_on_card(kLarge);
    const auto backend = card();
    auto session = need(Session::create(model, *backend, kSession));
    const uint64_t held = cuda_emulated::card_use(0).held_bytes, all = simt::card().held_bytes;
    auto second = need(Session::create(model, *backend, kSession));
    // Held once: only the second cache came.
    QCOMPARE(simt::card().held_bytes - all, cuda_emulated::card_use(0).held_bytes - held);
    const std::vector<float> before = answer(*session, kPrompt);
    QVERIFY(same(before, answer(*second, kPrompt)));
    session.reset();
    second.reset();
    for (float& w : model->weights.layers[1].attn_norm) w *= 3.0f;
    session = need(Session::create(model, *backend, kSession));
    QVERIFY(!same(before, answer(*session, kPrompt)));
    use_memory_source(nullptr);
    const auto processor = need(make_backend({.threads = 1, .device = "cpu"}));
    const auto expected = need(Session::create(model, *processor, kSession));
    const std::vector<float> right = answer(*expected, kPrompt), got = answer(*session, kPrompt);
    QVERIFY(relative_distance(got.data(), right.data(), got.size()) <= 1e-4);
  }

  // An answer takes from the card a few candidates a token, and is the one that all logits give.
  void answers_take_candidates() {
    use_memory_source(&cuda_emulated::card_memory());
    KeepingObserver observer;
    const std::shared_ptr<Model> model = need(load_model(tunable_models().front(), observer));
    const auto backend = card();
    const auto conversation = need(Conversation::create(model, *backend, {.context = 64, .chunk = 16}));
    const auto session = need(Session::create(model, *backend, {.context = 64, .chunk = 16}));
    for (const double temperature : {0.0, 1.0}) {
      const SamplingOptions sampling{.temperature = temperature, .top_k = 5, .max_tokens = 6, .seed = 3};
      conversation->forget();
      const uint64_t before = simt::card().staged_bytes;
      const Generation got = need(conversation->complete("the word", sampling, {}, {}));
      QVERIFY(!got.ids.empty());
      const size_t picks = got.ids.size() + (got.reason == StopReason::EndOfTurn ? 1 : 0);
      QCOMPARE(simt::card().staged_bytes - before,
               picks * (temperature > 0.0 ? 5 : 1) * (sizeof(float) + sizeof(int32_t)));

      std::vector<int32_t> ids =
          model->tokenizer->encode_ids("the word", {.parse_special = true, .add_bos = model->add_bos});
      Sampler sampler(sampling);
      session->rewind(0);
      need(session->append(ids));
      for (const int32_t id : got.ids) {
        QCOMPARE(sampler.pick(session->logits(), ids), id);
        ids.push_back(id);
        need(session->append(std::span(&id, 1)));
      }
    }
  }

  void layers_come_from_the_host_data() {
    QTest::addColumn<int>("seed");
    for (int seed = 1; seed <= 2; ++seed) QTest::addRow("order %d", seed) << seed;
  }
  // The same bits as with everything on the card, whatever the two streams do first.
  void layers_come_from_the_host() {
    QFETCH(int, seed);
    simt::seed(static_cast<uint64_t>(seed));
    const uint64_t small = small_card();
    std::vector<float> expected;
    {
      const auto model = model_on_card(kLarge);
      const auto backend = card();
      expected = answer(*need(Session::create(model, *backend, kSession)), kPrompt);
    }
    const auto model = model_on_card(small);
    const auto backend = card();
    const uint64_t away = pinned_bytes(*model, *backend);
    QVERIFY(away > 0 && away < model->weights.bytes());
    simt::card().total_bytes = kLarge;  // room for the cache
    const auto session = need(Session::create(model, *backend, kSession));
    simt::defer(true);
    QVERIFY(same(answer(*session, kPrompt), expected));
    // A token moves each of these blocks once, and kernels read none of their bytes from the host.
    const uint64_t fetched = simt::card().fetched_bytes, in_place = simt::card().in_place_bytes;
    const int32_t id = 9;
    for (int i = 0; i < 4; ++i) need(session->append(std::span(&id, 1)));
    simt::defer(false);
    const double moved = static_cast<double>(simt::card().fetched_bytes - fetched) / 4.0;
    qInfo("%.0f bytes a token of %llu in the host's memory", moved, static_cast<unsigned long long>(away));
    QCOMPARE(moved, static_cast<double>(away));
    const uint64_t head = static_cast<uint64_t>(model->config.vocabulary * model->config.width) * sizeof(float);
    QVERIFY(simt::card().in_place_bytes - in_place <= 4 * 2 * head);
  }

  void tuning_with_layers_from_the_host() {
    const uint64_t small = small_card();
    const auto gradient = [](const std::shared_ptr<Model>& model, Backend& backend) {
      const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
      std::vector<float> values(layout.total), out(layout.total);
      initial_scales(*model, layout, values.data());
      const PlannedGraph planned = PlannedGraph::make(model, backend, {2, 9, Granularity::Group, 1, 16});
      for (unsigned step = 1; step <= 2; ++step)
        planned.graph->forward_backward(random_batch(*model, 2, 9, step), values.data(), 0.1f, out.data());
      return out;
    };
    std::vector<float> expected;
    {
      const auto model = model_on_card(kLarge);
      const auto backend = card();
      expected = gradient(model, *backend);
    }
    const auto model = model_on_card(small);
    const auto backend = card();
    QVERIFY(pinned_bytes(*model, *backend) > 0);
    simt::card().total_bytes = kLarge;
    simt::defer(true);
    QVERIFY(same(gradient(model, *backend), expected));
  }

  // Scales that were overwritten in place reach the card, also those of a block that is there already.
  void new_scales_are_fetched() {
    const auto model = model_on_card(small_card());
    const auto backend = card();
    simt::card().total_bytes = kLarge;
    const auto session = need(Session::create(model, *backend, kSession));
    const std::vector<float> before = answer(*session, kPrompt);
    const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
    const auto base = snapshot_scales(*model, layout);
    std::vector<float> values(layout.total);
    initial_scales(*model, layout, values.data());
    for (float& v : values) v *= 1.25f;
    store_scales(*model, layout, values.data(), base);
    const std::vector<float> changed = answer(*session, kPrompt);
    QVERIFY(!same(before, changed));
    QVERIFY(same(changed, answer(*need(Session::create(model, *backend, kSession)), kPrompt)));
    restore_scales(*model, layout, base);
    QVERIFY(same(before, answer(*session, kPrompt)));
  }

  void a_context_that_does_not_fit_is_refused() {
    const auto model = model_on_card(kLarge);
    const auto backend = card();
    simt::card().other_bytes = kLarge - simt::card().held_bytes - 1000;
    const auto session = Session::create(model, *backend, {.context = 4096});
    QVERIFY(!session && session.error().code == ErrorCode::OutOfMemory);
    QVERIFY2(session.error().message.find("an emulated card has 0 MB free") != std::string::npos,
             session.error().message.c_str());
  }

  // The ledger says what lies where; what does not fit the card is refused, with what would make it fit.
  void a_plan_counts_the_card() {
    use_memory_source(&cuda_emulated::card_memory());
    QTemporaryDir folder;
    KeepingObserver observer;
    const auto model = need(load_model(tunable_models().front(), observer));
    const auto backend = card();
    TuneRecipe recipe = small_recipe(tunable_models().front(), folder.path().toStdString(), 4);
    recipe.batch = 4;
    const TunePlan plan = need(Trainer::plan(*model, *backend, recipe));
    QVERIFY(plan.ledger.fits && plan.ledger.device);
    const DeviceLedger& device = *plan.ledger.device;
    QCOMPARE(device.name, std::string("an emulated card"));
    QCOMPARE(device.memory_bytes, kLarge);
    uint64_t sum = 0;
    for (const MemoryItem& item : device.items) sum += item.bytes;
    QCOMPARE(sum, device.total_bytes);
    QCOMPARE(device.items.front().part, MemoryPart::Weights);
    QCOMPARE(device.offloaded_bytes, uint64_t{0});
    QVERIFY(device.items.front().bytes > model->weights.bytes() / 2);
    for (const MemoryItem& item : plan.ledger.items) QVERIFY(item.part != MemoryPart::Activations);

    // What other programs leave is the limit.
    const uint64_t held = simt::card().held_bytes;
    simt::card().other_bytes = kLarge - held - (device.total_bytes - device.items.front().bytes) / 4;
    const TunePlan tight = need(Trainer::plan(*model, *backend, recipe));
    QVERIFY(!tight.ledger.fits);
    QVERIFY(tight.ledger.device->total_bytes > tight.ledger.device->limit_bytes);
    QVERIFY(tight.ledger.total_bytes <= tight.ledger.limit_bytes);
    QVERIFY(std::any_of(tight.ledger.ways.begin(), tight.ledger.ways.end(), [](const auto& way) { return way.fits; }));
    QVERIFY(tight.ledger.remedies.back().starts_with("the device cpu needs about "));
    TuneControl control;
    const fs::path run = fs::path(folder.path().toStdString()) / "run";
    const auto refused = Trainer::run(model, *backend, recipe, run, false, observer, control, {});
    QVERIFY(!refused && refused.error().code == ErrorCode::OutOfMemory);
    QVERIFY2(refused.error().message.find("are free on an emulated card") != std::string::npos,
             refused.error().message.c_str());

    // And a limit asked for is of the card's memory.
    simt::card().other_bytes = 0;
    recipe.memory_limit = device.total_bytes;
    QCOMPARE(need(Trainer::plan(*model, *backend, recipe)).ledger.device->limit_bytes, device.total_bytes);
    QVERIFY(simt::card().held_bytes == held);
  }

  // What found no room there is told with its bytes.
  void a_plan_tells_what_stays_in_the_host() {
    QTemporaryDir folder;
    KeepingObserver observer;
    const uint64_t all = need(load_model(tunable_models().front(), observer))->weights.bytes();
    use_memory_source(&cuda_emulated::card_memory());
    simt::card().total_bytes = static_cast<uint64_t>(0.7 * static_cast<double>(all) / cuda_emulated::kWeightShare);
    const auto model = need(load_model(tunable_models().front(), observer));
    const auto backend = card();
    const uint64_t away = pinned_bytes(*model, *backend);
    QVERIFY(away > 0);
    simt::card().total_bytes = kLarge;
    const TunePlan plan = need(Trainer::plan(
        *model, *backend, small_recipe(tunable_models().front(), folder.path().toStdString(), 4)));
    QCOMPARE(plan.ledger.device->offloaded_bytes, away);
    QCOMPARE(plan.ledger.device->items.front().bytes + plan.ledger.items.front().bytes, model->weights.bytes());
    QVERIFY(backend->device_memory()->offloaded_bytes >= away);
  }

  // A run on the card takes no more than it planned.
  void a_run_keeps_to_its_plan() {
    use_memory_source(&cuda_emulated::card_memory());
    QTemporaryDir folder;
    KeepingObserver observer;
    const auto model = need(load_model(tunable_models().front(), observer));
    const auto backend = card();
    TuneRecipe recipe = small_recipe(tunable_models().front(), folder.path().toStdString(), 2);
    recipe.validation_split = 0.0;
    TuneControl control;
    time_products(*backend, *model, recipe.granularity);  // in memory of its own, and remembered
    simt::card().most_held_bytes = 0;
    need(Trainer::run(model, *backend, recipe, fs::path(folder.path().toStdString()) / "run", false, observer, control,
                      {}));
    const uint64_t planned = observer.plans.at(0).ledger.device->total_bytes;
    qInfo("%llu bytes at the most, %llu planned", static_cast<unsigned long long>(simt::card().most_held_bytes),
          static_cast<unsigned long long>(planned));
    QVERIFY(simt::card().most_held_bytes <= planned);
    QVERIFY(simt::card().most_held_bytes >= planned * 95 / 100);
  }
};

QTEST_APPLESS_MAIN(TestCudaMemory)
#include "test_cuda_memory.moc"
