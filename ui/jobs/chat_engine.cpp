#include "ui/jobs/chat_engine.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <chrono>
#include <optional>

#include "engine/core/system.h"
#include "engine/tune/run_store.h"
#include "ui/settings/format.h"

namespace scalewright::ui {
namespace {

constexpr int64_t kInsideContext = 1024, kInsideChunk = 64;

QString tr(const char* text) { return QCoreApplication::translate("ChatEngine", text); }

SessionOptions sessionOptions(int64_t context, bool insideTune, Precision precision = Precision::Exact) {
  SessionOptions options;
  options.context = context;
  if (insideTune) options.chunk = kInsideChunk;
  options.precision = precision;
  options.kv = KvType::F16;
  return options;
}

QString factsOf(const Generation& generation, bool fast) {
  QString text = tr("%1 tokens, %2 a second").arg(generation.ids.size()).arg(generation.tokens_per_second(), 0, 'f', 0);
  if (fast) text += tr("; fast");
  if (generation.reason == StopReason::Cancelled) text += tr("; stopped");
  if (generation.reason == StopReason::MaxTokens) text += tr("; cut at the longest answer");
  if (generation.reason == StopReason::ContextFull) text += tr("; the context is full");
  return text;
}

// Whatever ends an answer within a tune: the tune goes on with the scales of its step.
class StepScales {
 public:
  explicit StepScales(OpenModel& open) : m_open(open), m_present(snapshot_scales(*open.model, open.layout)) {}
  ~StepScales() { putBack(); }
  StepScales(const StepScales&) = delete;
  StepScales& operator=(const StepScales&) = delete;
  void putBack() const { restore_scales(*m_open.model, m_open.layout, m_present); }

 private:
  OpenModel& m_open;
  std::vector<std::vector<uint16_t>> m_present;
};

}  // namespace

Result<std::vector<PackEntry>> packsOf(const std::string& model) {
  SW_ASSIGN(const auto store, RunStore::open(RunStore::default_file()));
  SW_ASSIGN(const std::vector<RunRow> runs, store->runs());
  std::vector<PackEntry> packs;
  for (const RunRow& run : runs) {
    const QFileInfo pack(QString::fromStdString(run.folder) + QStringLiteral("/tuned.safetensors"));
    const auto recipe = recipe_from_json(run.recipe_json);
    if (recipe && recipe->model.string() == model && pack.exists()) packs.push_back({QString::fromStdString(run.name), pack.filePath(), quint64(pack.size())});
  }
  return packs;
}

uint64_t ChatEngine::besideRun(const Model& model) { return Session::bytes(model, sessionOptions(kInsideContext, true)); }

uint64_t ChatEngine::freeFor(const Backend& backend) {
  const std::optional<DeviceMemory> card = backend.device_memory();
  return card ? card->left_bytes() : memory_status().available_bytes;
}

// The run holds what was planned for it. A chat comes on top, and is refused before it takes what the machine, or the card that it would lie
// on, does not have.
Result<void> ChatEngine::roomBeside(const Model& model, const Backend& backend, const ChatRequest& request) const {
  uint64_t needed = 0;
  for (const int side : request.sides)
    if (!m_sides[side].conversation) needed += Session::bytes(model, sessionOptions(m_context, true, m_precision));
  const uint64_t free = request.free > 0 ? request.free : freeFor(backend);
  if (needed <= free) return {};
  return fail(ErrorCode::OutOfMemory, tr("An answer beside the run takes %1, and %2 are free. The run goes on as it was. Close other programs, or ask when it has ended.").arg(bytesText(needed), bytesText(free)).toStdString());
}

void ChatEngine::letGo() {
  for (Side& side : m_sides) side = {};
  m_model.reset();
  m_backend.reset();
}

Result<ChatOutcome> ChatEngine::answer(EngineHost& host, const ChatRequest& request, const EventStream<ChatEvent>& events, JobContext& context) {
  const EngineHost::ActiveTune tune = host.activeTune();
  const bool insideTune = tune.control && tune.model == request.model;
  std::shared_ptr<Backend> backend = tune.backend;
  if (!insideTune) {
    SW_ASSIGN(backend, host.backend());
  }
  // What is not used again goes before something else takes its memory.
  if (backend != m_backend || request.model != m_path) letGo();
  std::shared_ptr<OpenModel> open;
  std::optional<StepScales> present;
  if (insideTune) {
    SW_ASSIGN(open, host.opened(request.model));
    present.emplace(*open);
  } else {
    SW_ASSIGN(open, host.open(request.model, context));
  }
  // Beside a run a chat is kept small: the memory that was planned is the run's.
  const int64_t positions = insideTune ? std::min(request.context, kInsideContext) : request.context;
  if (open != m_model || positions != m_context || insideTune != m_insideTune || request.precision != m_precision) {
    for (Side& side : m_sides) side = {};
    m_path = request.model;
    m_model = open;
    m_backend = backend;
    m_context = positions;
    m_insideTune = insideTune;
    m_precision = request.precision;
  }
  ChatOutcome outcome;
  outcome.modelName = QString::fromStdString(open->model->name);
  outcome.codesHash = QString::fromStdString(open->model->codes_hash());
  const SessionOptions options = sessionOptions(positions, insideTune, request.precision);
  if (insideTune) SW_TRY(roomBeside(*open->model, *backend, request));
  Result<void> failed;
  for (const int number : request.sides) {
    Side& side = m_sides[number];
    const bool tuned = number == 1;
    const std::filesystem::path pack = tuned ? request.pack : std::filesystem::path();
    const auto start = std::chrono::steady_clock::now();
    if (insideTune) {
      tuned ? present->putBack() : restore_scales(*open->model, open->layout, open->baseScales);
      if (side.conversation) side.conversation->forget();  // the scales are others than at the last answer
    } else {
      const bool switches = open->pack != pack;
      failed = host.applyPack(*open, pack);
      if (!failed) break;
      if (switches && !pack.empty()) outcome.packMilliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
      if (side.conversation && side.pack != pack) side.conversation->forget();
    }
    side.pack = pack;
    if (!side.conversation) {
      auto made = Conversation::create(open->model, *backend, options);
      if (!made) {
        failed = tl::unexpected<Error>(made.error());
        break;
      }
      side.conversation = std::move(*made);
    }
    const int64_t room = side.conversation->context();
    const auto prompt = side.conversation->prompt_ids(request.messages[number]);
    if (!prompt) {
      failed = tl::unexpected<Error>(prompt.error());
      break;
    }
    events.push({.side = number, .begun = true, .used = static_cast<int64_t>(prompt->size()), .context = room});
    auto generation = side.conversation->complete(*prompt, request.sampling,
                                                  [&](std::string_view text) {
                                                    events.push({.side = number, .text = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())), .used = side.conversation->tokens_used(), .context = room});
                                                  },
                                                  context.stop());
    if (!generation) {
      failed = tl::unexpected<Error>(generation.error());
      break;
    }
    events.push({.side = number, .finished = true, .facts = factsOf(*generation, request.precision == Precision::Fast), .used = side.conversation->tokens_used(), .context = room});
    outcome.tokensUsed = std::max(outcome.tokensUsed, side.conversation->tokens_used());
    outcome.context = room;
    if (context.stopRequested()) break;
  }
  host.noteDevice();
  if (!failed) return tl::unexpected<Error>(failed.error());
  return outcome;
}

}  // namespace scalewright::ui
