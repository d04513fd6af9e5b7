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
  QString pack;        // of the tuned side: the scale pack that gave it
};
QString packNameOf(const QString& packPath);  // of a run's pack: the run's name

struct ChatTurnLog {
  QString prompt;
  std::array<ChatAnswer, 2> answers;  // 0: original, 1: tuned; for good, whatever is shown
};

struct ChatLog {
  QString id;          // file name without ending; empty: not kept yet
  QString modelPath, modelName, packPath, packName, systemPrompt;
  bool sideBySide = false;
  int single = 0;      // the side that is shown and asked where they are not side by side
  QList<ChatTurnLog> turns;

  QString title() const;                                  // the first prompt, shortened
  // What `side` said and was asked, up to and with the prompt of `turn`. Of the tuned side only what `pack` said itself: each
  // model has a history of its own.
  std::vector<Message> messages(int side, int turn, const QString& pack) const;
  bool twoModels() const;                                   // the original and a tuned one: answers bear their names
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
