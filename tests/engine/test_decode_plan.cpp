// Tokens by recordings of their calls: which recording serves when, and on an emulated card that a recording made at
// one position gives the right logits at others.

#include <QtTest>

#include "engine/backend/cuda_backend.h"
#include "engine/backend/cuda_memory.h"
#include "engine/model/decode_plan.h"
#include "engine/model/session.h"
#include "tests/testkit/golden_model.h"
#include "tests/testkit/random_model.h"
#include "tests/testkit/simt/simt.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

void done(const Result<void>& result) {
  if (!result) qFatal("%s", result.error().message.c_str());
}

}  // namespace

class TestDecodePlan : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() {
    simt::defer(false);
    use_memory_source(nullptr);
  }

  void bounds() {
    QCOMPARE(DecodePlans::bound(1, 4096), int64_t{256});
    QCOMPARE(DecodePlans::bound(256, 4096), int64_t{256});
    QCOMPARE(DecodePlans::bound(257, 4096), int64_t{512});
    QCOMPARE(DecodePlans::bound(3000, 4096), int64_t{4096});
    QCOMPARE(DecodePlans::bound(513, 700), int64_t{700});
    QCOMPARE(DecodePlans::bound(3, 32), int64_t{32});
  }

  void ways() {
    using Way = DecodePlans::Way;
    DecodePlans plans;
    QVERIFY(plans.way(256) == Way::Calls);
    QVERIFY(plans.way(256) == Way::Record);
    const auto recording = std::make_shared<int>(1);
    plans.keep(256, recording);
    QVERIFY(plans.way(256) == Way::Replay);
    QCOMPARE(plans.at(256), static_cast<const void*>(recording.get()));
    QVERIFY(plans.way(512) == Way::Calls);  // each bound for itself
    QVERIFY(plans.way(512) == Way::Record);
    QVERIFY(plans.way(256) == Way::Replay);
    plans.give_up();
    QVERIFY(plans.way(256) == Way::Calls);
    QVERIFY(plans.way(512) == Way::Calls);
  }

  void repeated_on_the_card_data() {
    QTest::addColumn<int>("kv");
    QTest::newRow("floats") << static_cast<int>(KvType::F32);
    QTest::newRow("halves") << static_cast<int>(KvType::F16);
  }
  // Bound of 256 positions, of which few are filled: keys are split, and one part has none.
  void repeated_on_the_card() {
    QFETCH(int, kv);
    const SessionOptions options{.context = 300, .kv = static_cast<KvType>(kv), .chunk = 8};
    const auto processor = need(make_backend({.threads = 1, .device = "cpu"}));
    use_memory_source(&cuda_emulated::card_memory());
    const auto model = random_model(random_kinds()[0], false, 5);
    std::string why;
    const auto card = cuda_emulated::make_cuda_backend(nullptr, why);
    const auto expected = need(Session::create(model, *processor, options));
    const auto got = need(Session::create(model, *card, options));
    simt::defer(true);
    const std::vector<int32_t> prompt{3, 7, 1, 0, 22};
    for (Session* session : {expected.get(), got.get()}) done(session->append(prompt));
    const uint64_t before = simt::card().replays;
    const auto token = [&](int32_t id) {
      for (Session* session : {expected.get(), got.get()}) done(session->append(std::span(&id, 1)));
      return relative_distance(got->logits().data(), expected->logits().data(), got->logits().size());
    };
    for (const int32_t id : {5, 9, 30, 2}) QVERIFY(token(id) <= 2e-5);
    QCOMPARE(simt::card().replays - before, uint64_t{3});  // the first came call by call
    expected->rewind(6);
    got->rewind(6);
    for (const int32_t id : {8, 1}) QVERIFY(token(id) <= 2e-5);
    QCOMPARE(simt::card().replays - before, uint64_t{5});
  }
};

QTEST_APPLESS_MAIN(TestDecodePlan)
#include "test_decode_plan.moc"
