#pragma once
// The engine's half of the Chat page: conversations with one or two sets of scales on one copy of the codes. The object is
// shared between the page and its jobs; everything but answer events happens on the thread that runs the model.

#include <QString>
#include <filesystem>
#include <memory>
#include <vector>

#include "engine/chat/generator.h"
#include "ui/jobs/engine_host.h"
#include "ui/jobs/job.h"

namespace scalewright::ui {

struct ChatEvent {
  int side = 0;
  QString text;            // to append
  bool begun = false;      // it reads its prompt now: the side before it has answered
  bool finished = false;
  QString facts;           // "58 tokens, 71 a second"; when finished
  int64_t used = 0, context = 0;  // tokens that the conversation has taken so far, of so many
};

struct ChatRequest {
  std::filesystem::path model, pack;    // pack empty: none
  std::vector<int> sides;               // which to answer; 0: the original, 1: with the pack, or as the run has it now
  std::vector<Message> messages[2];
  SamplingOptions sampling;
  Precision precision = Precision::Exact;
  int64_t context = 4096;
  uint64_t free = 0;                    // bytes that an answer beside a run may take; 0: what the machine has free, or the card that computes
};

struct ChatOutcome {
  QString modelName, codesHash;
  double packMilliseconds = -1.0;       // how long switching the scales took; < 0: not switched
  int64_t tokensUsed = 0, context = 0;
};

// What runs on a model learned, by the history; those whose file is still there.
struct PackEntry {
  QString name, path;
  quint64 bytes = 0;
};
Result<std::vector<PackEntry>> packsOf(const std::string& model);

class ChatEngine {
 public:
  // What a side takes beside a run: its answer cache and buffers, kept until the run ends. Bytes.
  static uint64_t besideRun(const Model& model);
  // Bytes that are free where a backend keeps a chat: on its card, else in the machine's memory.
  static uint64_t freeFor(const Backend& backend);
  // Runs on the engine thread, or inside a running tune between two of its steps (then the tuned side is the model at this step).
  Result<ChatOutcome> answer(EngineHost& host, const ChatRequest& request, bool insideTune, const EventStream<ChatEvent>& events, JobContext& context);

 private:
  Result<void> roomBeside(const Model& model, const Backend& backend, const ChatRequest& request) const;
  struct Side {
    std::unique_ptr<Conversation> conversation;
    std::filesystem::path pack;
  };
  std::shared_ptr<OpenModel> m_model;
  Backend* m_backend = nullptr;
  int64_t m_context = 0;
  Precision m_precision = Precision::Exact;
  Side m_sides[2];
};

}  // namespace scalewright::ui
