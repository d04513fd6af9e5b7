#include "ui/widgets/desktop.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDesktopServices>
#include <QFileInfo>
#include <QUrl>
#include <QVariantMap>

namespace scalewright::ui::Desktop {
namespace {

bool hasBus() { return !qEnvironmentVariableIsEmpty("DBUS_SESSION_BUS_ADDRESS"); }

}  // namespace

void showInFolder(const QString& path) {
  const QFileInfo info(path);
  if (hasBus() && info.exists()) {
    QDBusMessage call = QDBusMessage::createMethodCall(QStringLiteral("org.freedesktop.FileManager1"), QStringLiteral("/org/freedesktop/FileManager1"),
                                                       QStringLiteral("org.freedesktop.FileManager1"), QStringLiteral("ShowItems"));
    call << QStringList{QUrl::fromLocalFile(info.absoluteFilePath()).toString()} << QString();
    auto* watcher = new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(call, 3000));
    QObject::connect(watcher, &QDBusPendingCallWatcher::finished, watcher, [watcher, info] {
      if (watcher->isError()) QDesktopServices::openUrl(QUrl::fromLocalFile(info.absolutePath()));
      watcher->deleteLater();
    });
    return;
  }
  QDesktopServices::openUrl(QUrl::fromLocalFile(info.isDir() ? info.absoluteFilePath() : info.absolutePath()));
}

void notify(const QString& title, const QString& text) {
  if (!hasBus()) return;
  QDBusMessage call = QDBusMessage::createMethodCall(QStringLiteral("org.freedesktop.Notifications"), QStringLiteral("/org/freedesktop/Notifications"),
                                                     QStringLiteral("org.freedesktop.Notifications"), QStringLiteral("Notify"));
  call << QStringLiteral("Scalewright") << quint32(0) << QStringLiteral("scalewright") << title << text << QStringList() << QVariantMap() << qint32(-1);
  QDBusConnection::sessionBus().asyncCall(call, 3000);
}

struct StayAwake::Impl {
  quint32 cookie = 0;
};

StayAwake::StayAwake(const QString& why) : m_impl(std::make_shared<Impl>()) {
  if (!hasBus()) return;
  QDBusMessage call = QDBusMessage::createMethodCall(QStringLiteral("org.freedesktop.PowerManagement"), QStringLiteral("/org/freedesktop/PowerManagement/Inhibit"),
                                                     QStringLiteral("org.freedesktop.PowerManagement.Inhibit"), QStringLiteral("Inhibit"));
  call << QStringLiteral("Scalewright") << why;
  auto* watcher = new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(call, 3000));
  std::weak_ptr<Impl> weak = m_impl;
  QObject::connect(watcher, &QDBusPendingCallWatcher::finished, watcher, [watcher, weak] {
    const QDBusPendingReply<quint32> reply = *watcher;
    if (const auto impl = weak.lock(); impl && !reply.isError()) impl->cookie = reply.value();
    watcher->deleteLater();
  });
}
StayAwake::~StayAwake() {
  if (m_impl->cookie == 0) return;
  QDBusMessage call = QDBusMessage::createMethodCall(QStringLiteral("org.freedesktop.PowerManagement"), QStringLiteral("/org/freedesktop/PowerManagement/Inhibit"),
                                                     QStringLiteral("org.freedesktop.PowerManagement.Inhibit"), QStringLiteral("UnInhibit"));
  call << m_impl->cookie;
  QDBusConnection::sessionBus().asyncCall(call, 3000);
}

}  // namespace scalewright::ui::Desktop
