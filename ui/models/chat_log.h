#pragma once
// A conversation as it is kept: prompts, the answers of one or two sides, and what it was held with.

#include <QList>
#include <QString>
#include <array>
#include <vector>

#include "engine/text/chat_template.h"

namespace scalewright::ui {

struct ChatAnswer {
  QString text, facts;
  bool given = false;
};
struct ChatTurnLog {
  QString prompt;
  std::array<ChatAnswer, 2> answers;  // 0: original or the only one, 1: tuned
};

struct ChatLog {
  QString id;          // file name without ending; empty: not kept yet
  QString modelPath, modelName, packPath, packName, systemPrompt;
  bool sideBySide = false;
  QList<ChatTurnLog> turns;

  QString title() const;                                  // the first prompt, shortened
  std::vector<Message> messages(int side, int turn) const;  // up to and with the prompt of `turn`
  QByteArray toJson() const;
  static bool fromJson(const QByteArray& json, ChatLog* log);
  QString toMarkdown() const;
};

// Conversations in a folder, one JSON file each, newest first.
class ChatStore {
 public:
  explicit ChatStore(QString folder) : m_folder(std::move(folder)) {}
  bool save(ChatLog* log, QString* error) const;  // gives it an id when it has none
  struct Entry { QString id, title; qint64 when; };
  QList<Entry> list(int most) const;
  bool load(const QString& id, ChatLog* log) const;

 private:
  QString m_folder;
};

}  // namespace scalewright::ui
