// What the window says of the device: the words of the source that chose it, the memory of a card that is used, the ledger of a run on
// it. The card is a made-up one over the reference backend.

#include "tests/ui/small_chat_model.h"

#include <QTest>
#include <atomic>

#include "engine/quant/tap_backend.h"
#include "engine/core/memory_source.h"
#include "engine/core/system.h"
#include "engine/tune/trainer.h"
#include "ui/jobs/chat_engine.h"
#include "ui/jobs/engine_host.h"
#include "ui/jobs/job_queue.h"
#include "ui/models/ledger_view.h"
#include "ui/settings/format.h"

using namespace scalewright;
using namespace scalewright::ui;

namespace {

struct Inner {
  std::unique_ptr<Backend> backend = make_reference_backend();
};
// A card of 24 GB of which others hold 4.
class MadeUpCard : private Inner, public quant::TapBackend {
 public:
  explicit MadeUpCard(uint64_t& held) : TapBackend(*backend), m_held(held) {}
  std::string description() const override { return "Made-up card, 1 thread"; }
  std::optional<DeviceMemory> device_memory() const override { return DeviceMemory{"Made-up card", 24'000'000'000, 20'000'000'000, m_held}; }

 private:
  uint64_t& m_held;
};

// One that counts those that are gone.
class Mortal : private Inner, public quant::TapBackend {
 public:
  explicit Mortal(int& gone) : TapBackend(*backend), m_gone(gone) {}
  ~Mortal() override { ++m_gone; }

 private:
  int& m_gone;
};

// The host's memory by another name: what lies in it is counted.
std::atomic<int> g_cardBlocks = 0;
constexpr MemorySource kCardMemory{[](size_t bytes, MemoryUse use) noexcept {
                                     ++g_cardBlocks;
                                     return host_memory().allocate(bytes, use);
                                   },
                                   [](void* data) noexcept {
                                     --g_cardBlocks;
                                     host_memory().release(data);
                                   }};

MemoryItem item(const char* name, MemoryPart part, uint64_t bytes) { return {name, part, bytes}; }

}  // namespace

class TestEngineHost : public QObject {
  Q_OBJECT

 private slots:
  void theCardIsNamedWithItsMemory() {
    uint64_t held = 1'000'000'000;
    int asked = 0;
    EngineHost host({.make = [&](const BackendOptions&) -> Result<std::unique_ptr<Backend>> { return std::make_unique<MadeUpCard>(held); },
                     .why =
                         [&] {
                           ++asked;
                           return std::string("Made-up card is used: measured here, it answers 3 times and tunes 9 times as fast as the processor.");
                         },
                     .whyNoGpu = [] { return std::string(); }});
    host.configure({.threads = 2, .isa = Isa::Auto, .device = "auto"});
    // Nothing is measured before somebody asks.
    QCOMPARE(asked, 0);
    QVERIFY(!host.deviceMemory());
    QVERIFY2(host.deviceText().startsWith("CPU"), qPrintable(host.deviceText()));
    host.askDevice();
    QVERIFY2(host.deviceReason().startsWith("Made-up card is used"), qPrintable(host.deviceReason()));
    QVERIFY(host.noGpu().isEmpty());
    QVERIFY(host.backend().has_value());
    QCOMPARE(host.deviceText(), "Made-up card, 1 thread");
    QVERIFY(host.deviceMemory().has_value());
    QCOMPARE(host.deviceMemory()->held_bytes, uint64_t{1'000'000'000});
    QCOMPARE(memoryText({16'000'000'000, 9'000'000'000}, 300'000'000, host.deviceMemory()), QStringLiteral("card: %1 used  ·  %2 free").arg(bytesText(1'000'000'000), bytesText(19'000'000'000)));
    // Looked at again, at most once a second.
    held = 5'000'000'000;
    host.noteDevice();
    held = 6'000'000'000;
    host.noteDevice();
    QCOMPARE(host.deviceMemory()->held_bytes, uint64_t{5'000'000'000});
    QTest::qWait(1050);
    host.noteDevice();
    QCOMPARE(host.deviceMemory()->held_bytes, uint64_t{6'000'000'000});
    // Other settings: what was known of the card is no more.
    host.configure({.threads = 2, .isa = Isa::Auto, .device = "cpu"});
    QVERIFY(!host.deviceMemory());
    QVERIFY2(host.deviceReason().contains("because the settings ask for it"), qPrintable(host.deviceReason()));
    // Who asked for the processor does not wake a card.
    asked = 0;
    host.askDevice();
    QCOMPARE(asked, 0);
  }

  void theProcessorSaysWhyNoCard() {
    EngineHost host({.make = [](const BackendOptions&) -> Result<std::unique_ptr<Backend>> { return make_reference_backend(); },
                     .why = [] { return std::string("No GPU is used: the NVIDIA driver finds no card."); },
                     .whyNoGpu = [] { return std::string("No GPU is used: the NVIDIA driver finds no card."); }});
    QVERIFY(host.backend().has_value());
    QVERIFY(!host.deviceMemory());
    QCOMPARE(host.deviceReason(), "No GPU is used: the NVIDIA driver finds no card.");
    QCOMPARE(host.noGpu(), host.deviceReason());
    QCOMPARE(memoryText({16'000'000'000, 9'000'000'000}, 300'000'000, {}), QStringLiteral("%1 used  ·  %2 free").arg(bytesText(300'000'000), bytesText(9'000'000'000)));
  }

  void aChatBesideARunLooksAtTheCard() {
    uint64_t held = 1'000'000'000;
    MadeUpCard card(held);
    QCOMPARE(ChatEngine::freeFor(card), uint64_t{19'000'000'000});
    const auto processor = make_reference_backend();
    QVERIFY(ChatEngine::freeFor(*processor) <= memory_status().total_bytes);
  }

  // Weights that lie in the memory of a card are not handed out once the processor computes, and leave it.
  void anotherDeviceReadsTheModelAnew() {
    const QString model = smallModelFile();
    if (model.isEmpty()) QSKIP("The golden sets are not here.");
    bool card = true;
    EngineHost host({.make = [&](const BackendOptions&) -> Result<std::unique_ptr<Backend>> {
                       use_memory_source(card ? &kCardMemory : nullptr);
                       return make_reference_backend();
                     },
                     .why = [] { return std::string(); },
                     .whyNoGpu = [] { return std::string(); }});
    JobContext context{std::stop_token()};
    QVERIFY(host.backend().has_value());
    auto open = host.open(model.toStdString(), context);
    QVERIFY(open.has_value());
    QVERIFY(g_cardBlocks > 0);
    QCOMPARE(host.opened(model.toStdString())->get(), open->get());
    const std::weak_ptr<OpenModel> onCard = *open;
    open->reset();
    QVERIFY(!onCard.expired());  // the last one stays open
    card = false;
    host.configure({});
    QVERIFY(host.backend().has_value());
    QVERIFY(onCard.expired());
    QCOMPARE(int(g_cardBlocks), 0);
    // Nor is one that somebody still holds.
    card = true;
    host.configure({});
    QVERIFY(host.backend().has_value());
    const auto held = host.open(model.toStdString(), context);
    QVERIFY(held.has_value());
    card = false;
    host.configure({});
    QVERIFY(host.backend().has_value());
    QVERIFY(!host.opened(model.toStdString()).has_value());
    const int blocks = g_cardBlocks;
    const auto again = host.open(model.toStdString(), context);
    QVERIFY(again.has_value());
    QVERIFY(*again != *held);
    QCOMPARE(int(g_cardBlocks), blocks);
  }

  // A backend lives as long as a conversation computes on it; beside a run a chat computes where the run does.
  void aChatHoldsItsBackend() {
    const QString model = smallModelFile();
    if (model.isEmpty()) QSKIP("The golden sets are not here.");
    int made = 0, gone = 0;
    EngineHost host({.make = [&](const BackendOptions&) -> Result<std::unique_ptr<Backend>> {
                       ++made;
                       return std::make_unique<Mortal>(gone);
                     },
                     .why = [] { return std::string(); },
                     .whyNoGpu = [] { return std::string(); }});
    JobContext context{std::stop_token()};
    const EventStream<ChatEvent> nobody([](auto) {});
    ChatRequest request;
    request.model = model.toStdString();
    request.sides = {0};
    request.messages[0] = {{"user", "say 3"}};
    request.sampling.max_tokens = 2;
    request.context = 256;
    ChatEngine chat;
    const auto answered = [&] {
      const auto outcome = chat.answer(host, request, nobody, context);
      if (!outcome) qWarning("%s", outcome.error().message.c_str());
      return outcome.has_value();
    };
    QVERIFY(answered());
    QCOMPARE(made, 1);
    host.configure({.threads = 1});
    QVERIFY(host.backend().has_value());
    QCOMPARE(made, 2);
    QCOMPARE(gone, 0);
    QVERIFY(answered());
    QCOMPARE(gone, 1);
    // Other settings meanwhile are for what comes after the run.
    auto control = std::make_shared<TuneControl>();
    host.setActiveTune({request.model, "run", control, *host.backend()});
    host.configure({.threads = 2});
    QVERIFY(answered());
    QCOMPARE(made, 2);
    host.clearActiveTune();
    QVERIFY(answered());
    QCOMPARE(made, 3);
    QCOMPARE(gone, 2);
  }

  void severalCards() {
    size_t cards = 2;
    EngineHost host({.make = [](const BackendOptions&) -> Result<std::unique_ptr<Backend>> { return make_reference_backend(); },
                     .why = [] { return std::string(); },
                     .whyNoGpu = [] { return std::string(); },
                     .cards = [&] { return cards; }});
    QCOMPARE(host.cards(), size_t{0});
    host.configure({.threads = 2, .isa = Isa::Auto, .device = "cuda:all"});
    host.askDevice();
    QCOMPARE(host.cards(), size_t{2});
    QVERIFY2(host.deviceReason().startsWith("All GPUs share"), qPrintable(host.deviceReason()));
    MemoryLedger ledger;
    ledger.device = DeviceLedger{"Card 0", {item("weights", MemoryPart::Weights, 3000)}, 3000, 4000, 3500, 3500};
    ledger.more_devices = {DeviceLedger{"Card 1", {item("weights", MemoryPart::Weights, 3000)}, 3000, 4000, 2900, 2900}};
    QCOMPARE(workedIn(ledger).missing, quint64(0));
    QCOMPARE(moreCards(ledger).size(), 1);
    QCOMPARE(moreCards(ledger).first().where, "Card 1");
    QCOMPARE(moreCards(ledger).first().missing, quint64(100));
  }

  void theLedgerOfACard() {
    MemoryLedger ledger;
    ledger.items = {item("weights that are not on the card", MemoryPart::Weights, 100), item("program and tokenizer", MemoryPart::Program, 50)};
    ledger.total_bytes = 150;
    ledger.machine_bytes = 1000;
    ledger.available_bytes = ledger.limit_bytes = 600;
    ledger.fits = false;
    LedgerView view = workedIn(ledger);
    QVERIFY(view.where.isEmpty() && !besideCard(ledger));
    QCOMPARE(view.memory, quint64(1000));
    QCOMPARE(view.others, quint64(400));
    QCOMPARE(view.total, quint64(150));
    QCOMPARE(view.missing, quint64(0));
    QCOMPARE(view.stillFree(), quint64(450));
    // On a card the bar is the card's, and what lies in the machine's memory is told beside it.
    ledger.device = DeviceLedger{"Made-up card", {item("weights", MemoryPart::Weights, 3000), item("logits of 128 tokens", MemoryPart::Logits, 200), item("workspace of the kernels", MemoryPart::Workspace, 100)}, 3300, 4000, 3200, 3200};
    view = workedIn(ledger);
    QCOMPARE(view.where, "Made-up card");
    QCOMPARE(view.memory, quint64(4000));
    QCOMPARE(view.others, quint64(800));
    QCOMPARE(view.total, quint64(3300));
    QCOMPARE(view.missing, quint64(100));
    quint64 parts = 0;
    for (const LedgerPart& part : view.parts) parts += part.bytes;
    QCOMPARE(parts, view.total);
    QCOMPARE(view.entries.size(), 3);
    const auto beside = besideCard(ledger);
    QVERIFY(beside.has_value());
    QCOMPARE(beside->total, quint64(150));
    QCOMPARE(beside->entries.first().first, "weights that are not on the card");
  }

 private:
  // Made once; empty where the golden sets are not here.
  QString smallModelFile() {
    if (!QFile::exists(m_sample.gguf()) && !m_sample.make()) return {};
    return m_sample.gguf();
  }
  SmallSample m_sample;
};

QTEST_MAIN(TestEngineHost)
#include "test_engine_host.moc"
