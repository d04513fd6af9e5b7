#include "ui/pages/chat_history.h"

#include <QMenu>
#include <QSaveFile>

#include "ui/pages/chat_page.h"
#include "ui/settings/format.h"
#include "ui/widgets/file_dialogs.h"

namespace scalewright::ui {
namespace {

constexpr int kMost = 20;

}  // namespace

void showKeptChats(QWidget* at, const ChatStore& store, const std::function<void(const ChatLog&)>& open) {
  QMenu menu(at);
  const auto entries = store.list(kMost);
  for (const auto& entry : entries)
    QObject::connect(menu.addAction(ChatPage::tr("%1   %2").arg(entry.title, momentText(entry.when))), &QAction::triggered, at, [&store, &open, id = entry.id] {
      ChatLog log;
      if (store.load(id, &log)) open(log);
    });
  if (entries.isEmpty()) menu.addAction(ChatPage::tr("No conversation was kept yet"))->setEnabled(false);
  menu.exec(at->mapToGlobal(QPoint(0, at->height())));
}

QString saveChatAs(QWidget* parent, Settings& settings, const ChatLog& log) {
  const QString path = askToSave(parent, settings, Purpose::Chat, ChatPage::tr("Save the conversation"), QStringLiteral("chat.md"), ChatPage::tr("Markdown (*.md);;JSON (*.json)"));
  if (path.isEmpty()) return {};
  QSaveFile file(path);
  const QByteArray bytes = path.endsWith(QLatin1String(".json")) ? log.toJson() : log.toMarkdown().toUtf8();
  if (file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit()) return {};
  return ChatPage::tr("%1: %2. Choose another folder.").arg(path, file.errorString());
}

}  // namespace scalewright::ui
