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
  std::filesystem::path model, pack;    // pack empty: none. Of a tune that goes on: the one that it will write
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
  // Runs on the engine thread. Within a tune of the model, between two of its steps, the tuned side is the model at this step.
  Result<ChatOutcome> answer(EngineHost& host, const ChatRequest& request, const EventStream<ChatEvent>& events, JobContext& context);

 private:
  void letGo();
  Result<void> roomBeside(const Model& model, const Backend& backend, const ChatRequest& request) const;
  struct Side {
    std::unique_ptr<Conversation> conversation;
    std::filesystem::path pack;
  };
  std::filesystem::path m_path;         // of m_model
  std::shared_ptr<OpenModel> m_model;
  std::shared_ptr<Backend> m_backend;
  int64_t m_context = 0;
  bool m_insideTune = false;
  Precision m_precision = Precision::Exact;
  Side m_sides[2];                      // compute on the backend with the model, so they go first
};

}  // namespace scalewright::ui
