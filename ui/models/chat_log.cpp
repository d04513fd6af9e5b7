#include "ui/models/chat_log.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <algorithm>
#include <utility>

namespace scalewright::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("ChatLog", text); }

}  // namespace

QString packNameOf(const QString& packPath) {
  if (packPath.isEmpty()) return {};
  const QFileInfo info(packPath);
  return info.fileName() == QLatin1String("tuned.safetensors") ? info.dir().dirName() : info.completeBaseName();
}

bool ChatLog::twoModels() const {
  if (sideBySide || !packPath.isEmpty()) return true;
  return std::any_of(turns.begin(), turns.end(), [](const ChatTurnLog& turn) { return turn.answers[1].given; });
}

QString ChatLog::title() const {
  if (turns.isEmpty()) return tr("New chat");
  const QString text = turns.front().prompt.simplified();
  return text.size() > 60 ? text.left(59) + QStringLiteral("…") : text;
}

std::vector<Message> ChatLog::messages(int side, int turn, const QString& pack) const {
  std::vector<Message> list;
  if (!systemPrompt.trimmed().isEmpty()) list.push_back({"system", systemPrompt.toStdString()});
  for (int i = 0; i <= turn && i < turns.size(); ++i) {
    const ChatAnswer& answer = turns[i].answers[static_cast<size_t>(side)];
    if (i < turn && (!answer.given || (side == 1 && answer.pack != pack))) continue;  // this model was not asked then
    list.push_back({"user", turns[i].prompt.toStdString()});
    if (i < turn) list.push_back({"assistant", answer.text.toStdString()});
  }
  return list;
}

QByteArray ChatLog::toJson() const {
  QJsonArray list;
  for (const ChatTurnLog& turn : turns) {
    QJsonArray answers;
    for (const ChatAnswer& answer : turn.answers)
      answers.append(answer.given ? QJsonValue(QJsonObject{{"text", answer.text}, {"facts", answer.facts}, {"pack", answer.pack}}) : QJsonValue());
    list.append(QJsonObject{{"prompt", turn.prompt}, {"answers", answers}});
  }
  return QJsonDocument(QJsonObject{{"version", 2},
                                   {"model", modelPath},
                                   {"model_name", modelName},
                                   {"pack", packPath},
                                   {"pack_name", packName},
                                   {"system_prompt", systemPrompt},
                                   {"side_by_side", sideBySide},
                                   {"turns", list}})
      .toJson(QJsonDocument::Indented);
}

bool ChatLog::fromJson(const QByteArray& json, ChatLog* log) {
  const QJsonObject object = QJsonDocument::fromJson(json).object();
  const int version = object.value("version").toInt();
  if (version < 1 || version > 2 || !object.value("turns").isArray()) return false;
  log->modelPath = object.value("model").toString();
  log->modelName = object.value("model_name").toString();
  log->packPath = object.value("pack").toString();
  log->packName = object.value("pack_name").toString();
  log->systemPrompt = object.value("system_prompt").toString();
  log->sideBySide = object.value("side_by_side").toBool();
  log->turns.clear();
  for (const QJsonValue& value : object.value("turns").toArray()) {
    ChatTurnLog turn;
    turn.prompt = value.toObject().value("prompt").toString();
    const QJsonArray answers = value.toObject().value("answers").toArray();
    for (int side = 0; side < 2 && side < answers.size(); ++side) {
      if (!answers[side].isObject()) continue;
      const QJsonObject answer = answers[side].toObject();
      turn.answers[static_cast<size_t>(side)] = {answer.value("text").toString(), answer.value("facts").toString(), true, answer.value("pack").toString()};
    }
    // The first version kept the only answer at the first place, whoever gave it.
    if (version == 1 && !log->packPath.isEmpty()) {
      if (!log->sideBySide && turn.answers[0].given && !turn.answers[1].given) std::swap(turn.answers[0], turn.answers[1]);
      turn.answers[1].pack = log->packPath;
    }
    log->turns.append(turn);
  }
  return true;
}

QString ChatLog::toMarkdown() const {
  QString text = QStringLiteral("# %1\n\n").arg(title());
  text += tr("Model: %1").arg(modelName) + (packName.isEmpty() ? QString() : QStringLiteral("  \n") + tr("Scale pack: %1").arg(packName)) + QStringLiteral("\n\n");
  if (!systemPrompt.isEmpty()) text += QStringLiteral("> %1\n\n").arg(QString(systemPrompt).replace('\n', QLatin1String("\n> ")));
  for (const ChatTurnLog& turn : turns) {
    text += QStringLiteral("## %1\n\n%2\n\n").arg(tr("You"), turn.prompt);
    const QStringList names = twoModels() ? QStringList{tr("Original"), tr("Tuned")} : QStringList{tr("Answer"), tr("Answer")};
    for (int side = 0; side < 2; ++side)
      if (turn.answers[static_cast<size_t>(side)].given) text += QStringLiteral("### %1\n\n%2\n\n").arg(names[side], turn.answers[static_cast<size_t>(side)].text);
  }
  return text;
}

bool ChatStore::save(ChatLog* log, QString* error) const {
  if (log->turns.isEmpty()) return true;
  if (log->id.isEmpty()) log->id = QDateTime::currentDateTime().toString(QStringLiteral("yyyyMMdd-HHmmss-zzz"));
  QDir().mkpath(m_folder);
  QSaveFile file(m_folder + "/" + log->id + ".json");
  if (file.open(QIODevice::WriteOnly) && file.write(log->toJson()) >= 0 && file.commit()) return true;
  if (error) *error = tr("The conversation could not be kept in %1: %2. Free some space there or make the folder writable.").arg(m_folder, file.errorString());
  return false;
}

QList<ChatStore::Entry> ChatStore::list(int most) const {
  QList<Entry> entries;
  for (const QFileInfo& info : QDir(m_folder).entryInfoList({"*.json"}, QDir::Files, QDir::Time)) {
    ChatLog log;
    if (!load(info.completeBaseName(), &log)) continue;
    entries.append({info.completeBaseName(), log.title(), info.lastModified().toSecsSinceEpoch()});
    if (entries.size() >= most) break;
  }
  return entries;
}

bool ChatStore::load(const QString& id, ChatLog* log) const {
  QFile file(m_folder + "/" + id + ".json");
  if (!file.open(QIODevice::ReadOnly) || !ChatLog::fromJson(file.readAll(), log)) return false;
  log->id = id;
  return true;
}

}  // namespace scalewright::ui
