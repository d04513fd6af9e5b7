// Session beyond golden logits: caches, rewinding, losses, limits, precisions, and that neither a token nor a training
// step allocates.

#include <atomic>
#include <cstdlib>
#include <new>

#include "engine/backend/forwarding_backend.h"
#include "engine/model/session.h"
#include "tests/testkit/golden_model.h"
#include "tests/testkit/random_model.h"

using namespace scalewright;
using namespace scalewright::testkit;

// Counts every allocation of this program.
static std::atomic<int64_t> allocations{0};
void* operator new(size_t bytes) {
  ++allocations;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  ++allocations;
  const size_t a = static_cast<size_t>(alignment);
  if (void* p = std::aligned_alloc(a, (bytes + a - 1) / a * a)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, size_t, std::align_val_t) noexcept {
  std::free(p);
}

// Remembers the working memory that the backend was given last.
struct WatchedBackend : ForwardingBackend {
  using ForwardingBackend::ForwardingBackend;
  void* lent = nullptr;
  int loans = 0;
  void set_workspace(void* data, size_t bytes) override {
    lent = data;
    loans += data != nullptr;
    ForwardingBackend::set_workspace(data, bytes);
  }
};

class TestSession : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { backends_ = test_backends(); }
  void chunks_rewinds_and_single_tokens_agree();
  void rows_are_single_tokens();
  void losses();
  void longrope_switches_as_a_whole();
  void refusals();
  void half_cache_and_fast_products_stay_close();
  void scales_change_in_place();
  void largest_logits_without_the_others();
  void searching_pauses_where_it_does_not_pay();
  void nothing_is_allocated();
  void working_memory_is_only_lent();

 private:
  std::vector<int32_t> tokens(const Model& model, size_t n) {
    std::mt19937 random(8);
    std::vector<int32_t> ids(n);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % static_cast<unsigned>(model.config.vocabulary));
    return ids;
  }
  static std::vector<float> all_logits(Session& session, std::span<const int32_t> ids) {
    std::vector<float> out;
    const size_t V = session.logits().size();
    const auto result = session.append(ids, [&](int64_t, int64_t rows, const float* logits) {
      out.insert(out.end(), logits, logits + rows * static_cast<int64_t>(V));
    });
    if (!result) qFatal("%s", result.error().message.c_str());
    return out;
  }
  std::vector<NamedBackend> backends_;
};

void TestSession::chunks_rewinds_and_single_tokens_agree() {
  for (const RandomKind& kind : random_kinds()) {
    const auto model = random_model(kind, true, 21);
    const std::vector<int32_t> ids = tokens(*model, 20);
    for (const NamedBackend& device : backends_) {
      if (&device == &backends_[0] && &kind != &random_kinds()[0])
        continue;  // the reference is slow: one kind is enough
      auto whole = need(Session::create(model, *device.backend, {.context = 32}));
      auto parts = need(Session::create(model, *device.backend, {.context = 32, .chunk = 3}));
      const std::vector<float> expected = all_logits(*whole, ids);
      QCOMPARE(expected.size(), ids.size() * whole->logits().size());
      const std::span<const int32_t> all(ids);
      std::vector<float> got = all_logits(*parts, all.first(7));
      all_logits(*parts, all.subspan(2, 9));  // something else, then forgotten
      QCOMPARE(parts->position(), 16);
      parts->rewind(7);
      QCOMPARE(parts->position(), 7);
      for (size_t t = 7; t < ids.size(); ++t) {
        QVERIFY(parts->append(all.subspan(t, 1)).has_value());
        got.insert(got.end(), parts->logits().begin(), parts->logits().end());
      }
    }
  }
}

// Tokens appended together, some of which are taken back: the numbers of single tokens, to the bit where the kernels are
// those of single tokens.
void TestSession::rows_are_single_tokens() {
  for (const RandomKind& kind : random_kinds()) {
    const auto model = random_model(kind, true, 21);
    const std::vector<int32_t> ids = tokens(*model, 24);
    const std::span<const int32_t> all(ids);
    for (const NamedBackend& device : backends_) {
      if (device.name == "reference") continue;
      for (const Precision precision : {Precision::Exact, Precision::Fast}) {
        const SessionOptions options{.context = 32, .precision = precision, .kv = KvType::F16};
        auto one = need(Session::create(model, *device.backend, options));
        auto rows = need(Session::create(model, *device.backend, options));
        const size_t V = one->logits().size();
        QCOMPARE(rows->most_rows(), 4);
        QVERIFY(!rows->append_rows(all.first(5)).has_value());
        QCOMPARE(rows->position(), 0);
        QVERIFY(one->append(all.first(7)).has_value());
        QVERIFY(rows->append(all.first(7)).has_value());
        size_t at = 7;
        for (const size_t count : {1, 4, 2, 3, 4}) {
          // Others first, then forgotten.
          QVERIFY(rows->append_rows(all.subspan(1, count)).has_value());
          rows->rewind(static_cast<int64_t>(at));
          QVERIFY(rows->append_rows(all.subspan(at, count)).has_value());
          for (size_t row = 0; row < count; ++row, ++at) {
            QVERIFY(one->append(all.subspan(at, 1)).has_value());
            const std::span<const float> expected = one->logits(), got = rows->row_logits(static_cast<int64_t>(row));
            const double off = largest_difference(got.data(), expected.data(), V);
            const double allowed = rows->records() ? 1e-2 : 0.0;
            QVERIFY2(off <= allowed, qPrintable(QString("row %1 of %2, %3 on %4: %5").arg(row).arg(count).arg(kind.name, device.name.c_str()).arg(off)));
            float value = 0.0f;
            int32_t id = 0;
            if (rows->largest_row_logits(static_cast<int64_t>(row), 1, &value, &id))
              QCOMPARE(value, *std::max_element(got.begin(), got.end()));
          }
          QVERIFY(std::ranges::equal(rows->logits(), rows->row_logits(static_cast<int64_t>(count) - 1)));
          QCOMPARE(rows->position(), static_cast<int64_t>(at));
        }
      }
    }
  }
}

void TestSession::losses() {
  const auto model = random_model(random_kinds()[0], false, 4);
  const std::vector<int32_t> ids = tokens(*model, 30);
  std::vector<int32_t> targets(ids.size());
  for (size_t t = 0; t < ids.size(); ++t) targets[t] = t % 3 == 0 ? -100 : ids[(t + 5) % ids.size()];
  for (const NamedBackend& device : backends_) {
    auto session = need(Session::create(model, *device.backend, {.context = 40, .chunk = 11}));
    const std::vector<float> logits = all_logits(*session, ids);
    session->rewind(0);
    std::vector<double> nll(ids.size(), -1.0);
    QVERIFY(session->append_nll(ids, targets, nll).has_value());
    const size_t V = session->logits().size();
    for (size_t t = 0; t < ids.size(); ++t) {
      if (targets[t] < 0) {
        QCOMPARE(nll[t], 0.0);
        continue;
      }
      double sum = 0.0;
      for (size_t i = 0; i < V; ++i) sum += std::exp(static_cast<double>(logits[t * V + i]));
      const double expected = std::log(sum) - static_cast<double>(logits[t * V + static_cast<size_t>(targets[t])]);
      QVERIFY2(std::abs(nll[t] - expected) <= 1e-5,
               qPrintable(QString("%1: %2, expected %3").arg(t).arg(nll[t]).arg(expected)));
    }
    QVERIFY(largest_difference(session->logits().data(), logits.data() + (ids.size() - 1) * V, V) <= 2e-5);
  }
}

// A sequence that grows past the original context gives what the whole sequence gives at once.
void TestSession::longrope_switches_as_a_whole() {
  const auto model = random_model(random_kinds()[0], false, 6);
  model->config.rope.kind = RopeKind::LongRope;
  model->config.rope.original_context = 8;
  model->config.rope.attention_factor = 1.1;
  model->config.rope.short_factors.assign(32, 1.0);
  model->config.rope.long_factors.assign(32, 3.0);
  const std::vector<int32_t> ids = tokens(*model, 14);
  const std::span<const int32_t> all(ids);
  Backend& device = *backends_.back().backend;
  auto whole = need(Session::create(model, device, {.context = 16}));
  auto grows = need(Session::create(model, device, {.context = 16, .chunk = 5}));
  QVERIFY(whole->append(all).has_value());
  for (size_t t = 0; t < ids.size(); ++t) QVERIFY(grows->append(all.subspan(t, 1)).has_value());
  const size_t V = whole->logits().size();
  QVERIFY(largest_difference(grows->logits().data(), whole->logits().data(), V) <= 2e-5);
  // And back: after a rewind the short factors hold again.
  auto shorter = need(Session::create(model, device, {.context = 16}));
  QVERIFY(shorter->append(all.first(8)).has_value());
  grows->rewind(7);
  QVERIFY(grows->append(all.subspan(7, 1)).has_value());
  QVERIFY(largest_difference(grows->logits().data(), shorter->logits().data(), V) <= 2e-5);
  // The choice matters: short factors for the long input would be seen.
  model->config.rope.original_context = 64;
  auto wrong = need(Session::create(model, device, {.context = 16}));
  QVERIFY(wrong->append(all).has_value());
  QVERIFY(largest_difference(wrong->logits().data(), whole->logits().data(), V) > 1e-3);
}

void TestSession::refusals() {
  const auto model = random_model(random_kinds()[0], false, 4);
  Backend& device = *backends_.back().backend;
  auto session = need(Session::create(model, device, {.context = 8}));
  QCOMPARE(session->context(), 8);
  const std::vector<int32_t> ids = tokens(*model, 9);
  auto full = session->append(ids);
  QVERIFY(!full.has_value());
  QCOMPARE(full.error().code, ErrorCode::InvalidArgument);
  QCOMPARE(session->position(), 0);
  const int32_t beyond[] = {1, 61}, negative[] = {-1};
  QVERIFY(!session->append(beyond).has_value());
  QVERIFY(!session->append(negative).has_value());
  std::vector<double> nll(2);
  QVERIFY(!session->append_nll(std::span(ids).first(2), beyond, nll).has_value());
  QVERIFY(!session->append_nll(std::span(ids).first(3), std::span(ids).first(3), nll).has_value());
  QVERIFY(session->append({}).has_value());
  const auto huge = Session::create(model, device, {.context = int64_t{1} << 31});
  QVERIFY(!huge.has_value());
  QCOMPARE(huge.error().code, ErrorCode::OutOfMemory);
  QVERIFY(Session::bytes(*model, {.context = 2000}) >
          Session::bytes(*model, {.context = 1000}) + 1000 * 2 * 128 * 4 * 2 - 4096);
  // A matrix of the wrong shape is found when the model is bound, not in the middle of a product.
  auto broken = random_model(random_kinds()[0], false, 4);
  std::swap(broken->weights.layers[1].down, broken->weights.layers[1].attn_output);
  const auto misfit = Session::create(broken, device, {});
  QVERIFY(!misfit.has_value());
  QCOMPARE(misfit.error().code, ErrorCode::Format);
}

void TestSession::half_cache_and_fast_products_stay_close() {
  const auto model = random_model(random_kinds()[0], false, 4);
  const std::vector<int32_t> ids = tokens(*model, 40);
  Backend& device = *backends_.back().backend;
  auto exact = need(Session::create(model, device, {.context = 64}));
  auto half = need(Session::create(model, device, {.context = 64, .kv = KvType::F16}));
  auto fast = need(Session::create(model, device, {.context = 64, .precision = Precision::Fast, .kv = KvType::F16}));
  const std::vector<float> a = all_logits(*exact, ids), b = all_logits(*half, ids), c = all_logits(*fast, ids);
  const double cache = relative_distance(b.data(), a.data(), a.size()),
               products = relative_distance(c.data(), a.data(), a.size());
  qInfo("relative distance of logits: half cache %.1e, fast products %.1e", cache, products);
  QVERIFY(cache <= 2e-3);
  QVERIFY(products <= 5e-2);
}

// Scale packs: stored scales are what the session computes with from then on, and restoring undoes it exactly.
void TestSession::scales_change_in_place() {
  for (const RandomKind& kind : random_kinds()) {
    for (const Granularity granularity : {Granularity::Group, Granularity::Row}) {
      const auto model = random_model(kind, false, 4);
      Backend& device = *backends_.back().backend;
      const std::vector<int32_t> ids = tokens(*model, 6);
      auto session = need(Session::create(model, device, {.context = 8}));
      const std::vector<float> before = all_logits(*session, ids);
      const TrainableLayout layout = trainable_layout(*model, granularity);
      const auto base = snapshot_scales(*model, layout);
      const std::string hash = model->codes_hash();
      std::vector<float> values(layout.total);
      initial_scales(*model, layout, values.data());
      std::mt19937 random(2);
      for (float& v : values) v *= 1.0f + 0.2f * (static_cast<float>(random() % 1000) / 1000.0f - 0.5f);

      // The model with stored scales equals the training forward to the rounding of halves.
      Batch batch;
      batch.rows = 1;
      batch.context = 6;
      batch.ids = ids;
      batch.targets.assign(6, 1);
      batch.segments.assign(6, 0);
      batch.positions = {0, 1, 2, 3, 4, 5};
      PlannedGraph planned = PlannedGraph::make(model, device, {1, 6, granularity, 0, 6});
      std::vector<float> trained(before.size());
      planned.graph->logits(batch, values.data(), trained.data());

      store_scales(*model, layout, values.data(), base);
      session->rewind(0);
      const std::vector<float> tuned = all_logits(*session, ids);
      QVERIFY(relative_distance(tuned.data(), before.data(), before.size()) > 1e-2);
      const double off = relative_distance(tuned.data(), trained.data(), trained.size());
      QVERIFY2(off <= 3e-3, qPrintable(QString("%1: %2").arg(kind.name).arg(off)));
      QCOMPARE(model->codes_hash(), hash);
      restore_scales(*model, layout, base);
      session->rewind(0);
      QVERIFY(all_logits(*session, ids) == before);
    }
  }
}

// Where the head waits, the largest logits are those of all of them, bit for bit, at less than reading the whole head.
void TestSession::largest_logits_without_the_others() {
  const RandomKind& eight = random_kinds()[2];
  const auto model = random_model(random_kinds()[0], false, 4);
  const int64_t V = 8200;
  model->config.vocabulary = static_cast<int>(V);
  ModelMaker make(eight, 5);
  model->weights.token_embd = make.dense(V, model->config.width, 1.0f);
  model->weights.output = make.quantized(V, model->config.width, 0.2f);
  const std::vector<int32_t> ids = tokens(*model, 40);
  int searched = 0;
  for (const NamedBackend& device : backends_) {
    if (device.name == "reference") continue;  // it has no fast products
    const SessionOptions fast{.context = 64, .precision = Precision::Fast, .chunk = 16};
    auto session = need(Session::create(model, *device.backend, fast));
    const bool waits = device.backend->sketch_bytes(model->weights.head().view()) > 0;
    QCOMPARE(session->head_waits(), waits);
    QVERIFY(!need(Session::create(model, *device.backend, {.context = 64}))->head_waits());
    if (!waits) continue;
    ++searched;
    auto all = need(Session::create(model, *device.backend, fast));
    const uint64_t head = model->weights.head().bytes();
    std::vector<float> values(40);
    std::vector<int32_t> found(40), order(static_cast<size_t>(V));
    uint64_t read = 0;
    for (size_t t = 0; t < ids.size(); ++t) {
      const size_t first = t == 0 ? 0 : t + 2, count = t == 0 ? 3 : 1;  // a prompt, then token by token
      if (first + count > ids.size()) break;
      QVERIFY(session->append(std::span(ids).subspan(first, count)) &&
              all->append(std::span(ids).subspan(first, count)));
      const int64_t before = allocations;
      QVERIFY(session->largest_logits(40, values.data(), found.data()));
      QCOMPARE(int64_t{allocations}, before);
      read += session->head_bytes();
      const std::span<const float> logits = all->logits();
      QCOMPARE(all->head_bytes(), head);
      for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
      std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
      for (size_t i = 0; i < found.size(); ++i) {
        QCOMPARE(found[i], order[i]);
        QCOMPARE(values[i], logits[order[i]]);
      }
      // What was asked for first does not change what the others are.
      QVERIFY(std::equal(logits.begin(), logits.end(), session->logits().begin()));
    }
    QVERIFY(read > 0);
    std::vector<float> many(1000);
    std::vector<int32_t> many_ids(1000);
    session->rewind(4);
    QVERIFY(session->append(std::span(ids).subspan(4, 1)));
    QVERIFY(!session->largest_logits(1000, many.data(), many_ids.data()));  // too many: the host looks through all
    all->rewind(4);
    QVERIFY(all->append(std::span(ids).subspan(4, 1)));
    QVERIFY(std::equal(all->logits().begin(), all->logits().end(), session->logits().begin()));
    model->config.final_softcap = 30.0;  // may make equal ones of different ones
    QVERIFY(!need(Session::create(model, *device.backend, fast))->head_waits());
    model->config.final_softcap = 0.0;
    QVERIFY(Session::bytes(*model, fast) > Session::bytes(*model, {.context = 64, .chunk = 16}) + head / 2);
  }
  if (searched == 0) qInfo("SKIP: no device here finds the largest logits alone");
}

// A head of which every search reads too much: searched for tokens 1, 6, 15, 32 and so on, to the same numbers.
void TestSession::searching_pauses_where_it_does_not_pay() {
  struct Greedy : ForwardingBackend {
    using ForwardingBackend::ForwardingBackend;
    int searches = 0;
    uint64_t more = 0;
    uint64_t largest_products(const float* x, const WeightView& w, void* sketch, int count, float* values,
                              int32_t* ids) override {
      ++searches;
      const uint64_t read = ForwardingBackend::largest_products(x, w, sketch, count, values, ids);
      return read + more;
    }
  };
  const auto model = random_model(random_kinds()[0], false, 4);
  const int64_t V = 8200;
  model->config.vocabulary = static_cast<int>(V);
  ModelMaker make(random_kinds()[2], 5);
  model->weights.token_embd = make.dense(V, model->config.width, 1.0f);
  model->weights.output = make.quantized(V, model->config.width, 0.2f);
  const std::vector<int32_t> ids = tokens(*model, 40);
  int searched = 0;
  for (const NamedBackend& device : backends_) {
    if (device.backend->sketch_bytes(model->weights.head().view()) == 0) continue;
    ++searched;
    Greedy backend(*device.backend);
    const SessionOptions fast{.context = 64, .precision = Precision::Fast, .chunk = 16};
    auto session = need(Session::create(model, backend, fast));
    auto all = need(Session::create(model, *device.backend, fast));
    const auto next = [&](size_t t) {
      const auto largest_of = [](std::span<const float> logits) {
        return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
      };
      float value = 0.0f;
      int32_t id = -1;
      QVERIFY(session->append(std::span(ids).subspan(t, 1)) && all->append(std::span(ids).subspan(t, 1)));
      if (!session->largest_logits(1, &value, &id)) {  // the host looks through all
        id = largest_of(session->logits());
        value = session->logits()[static_cast<size_t>(id)];
      }
      QCOMPARE(id, largest_of(all->logits()));
      QCOMPARE(value, all->logits()[static_cast<size_t>(id)]);
    };
    const uint64_t head = model->weights.head().bytes();
    backend.more = 3 * head;  // more than what is allowed at the start
    for (size_t t = 0; t < 32; ++t) {
      next(t);
      QCOMPARE(backend.searches, 1 + (t >= 5) + (t >= 14) + (t >= 31));
    }
    backend.more = 0;
    session->rewind(0);
    all->rewind(0);
    for (size_t t = 0; t < 40; ++t) next(t);
    QCOMPARE(backend.searches, 4 + (40 - 32));  // the last pause, then all
    // One that reads too much among many that pay does not pause it.
    session->rewind(0);
    all->rewind(0);
    backend.more = head;
    next(0);
    backend.more = 0;
    next(1);
    QCOMPARE(backend.searches, 4 + (40 - 32) + 2);
  }
  if (searched == 0) qInfo("SKIP: no device here finds the largest logits alone");
}

void TestSession::nothing_is_allocated() {
  const auto model = random_model(random_kinds()[0], true, 4);
  const std::vector<int32_t> ids = tokens(*model, 40);
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  std::vector<float> values(layout.total), gradient(layout.total, 0.0f);
  initial_scales(*model, layout, values.data());
  const Batch batch = random_batch(*model, 2, 9, 77);
  for (const NamedBackend& device : backends_) {
    if (device.name == "reference") continue;  // it may allocate
    for (const Precision precision : {Precision::Exact, Precision::Fast}) {
      auto session =
          need(Session::create(model, *device.backend, {.context = 64, .precision = precision, .chunk = 16}));
      QVERIFY(session->append(std::span(ids).first(30)).has_value());
      const int64_t before = allocations;
      bool done = true;
      for (size_t t = 30; t < ids.size(); ++t) done &= session->append(std::span(ids).subspan(t, 1)).has_value();
      const int64_t count = allocations - before;
      QVERIFY(done);
      QVERIFY2(count == 0, qPrintable(QString("%1: %2 allocations in 10 tokens").arg(device.name.c_str()).arg(count)));
    }
    PlannedGraph planned = PlannedGraph::make(model, *device.backend, {2, 9, Granularity::Group, 1, 4});
    planned.graph->forward_backward(batch, values.data(), 1.0f, gradient.data());
    const int64_t before = allocations;
    planned.graph->forward_backward(batch, values.data(), 1.0f, gradient.data());
    planned.graph->forward(batch, values.data());
    const int64_t count = allocations - before;
    QVERIFY2(count == 0, qPrintable(QString("%1: %2 allocations in a step").arg(device.name.c_str()).arg(count)));
  }
}

// A backend outlives sessions and graphs, and others use it in between: none of them leaves it memory of its own.
void TestSession::working_memory_is_only_lent() {
  const auto model = random_model(random_kinds()[0], true, 21);
  const std::vector<int32_t> ids = tokens(*model, 12);
  const Batch batch = random_batch(*model, 2, 9, 77);
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  std::vector<float> values(layout.total), gradient(layout.total);
  initial_scales(*model, layout, values.data());
  for (const NamedBackend& device : backends_) {
    WatchedBackend backend(*device.backend);
    const auto lends = [&](auto&& call) {
      const int before = backend.loans;
      call();
      return backend.loans > before && backend.lent == nullptr;
    };
    auto session = need(Session::create(model, backend, {.context = 32}));
    std::vector<double> nll(4);
    QVERIFY(lends([&] { QVERIFY(session->append(ids).has_value()); }));
    QVERIFY(lends([&] { QVERIFY(session->append(std::span(ids).first(1)).has_value()); }));
    QVERIFY(lends([&] {
      QVERIFY(session->append_nll(std::span(ids).first(4), std::span(ids).subspan(1, 4), nll).has_value());
    }));
    // A graph until it is gone.
    QVERIFY(lends([&] {
      const PlannedGraph planned = PlannedGraph::make(model, backend, {2, 9, Granularity::Group, 1, 4});
      planned.graph->forward_backward(batch, values.data(), 1.0f, gradient.data());
      QVERIFY(backend.lent != nullptr);
    }));
  }
}

QTEST_APPLESS_MAIN(TestSession)
#include "test_session.moc"
