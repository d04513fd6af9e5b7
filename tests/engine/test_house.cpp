// The house: app -> ui -> engine -> kernels, strictly downward. Reads the include lines and fails on one that climbs.

#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>
#include <QTest>

class TestHouse : public QObject {
  Q_OBJECT

 private slots:
  void includes_point_downward();
  void qt_only_in_window_and_tests();
  void cuda_headers_only_in_their_places();

 private:
  struct Include { QString file, header; int line; };
  static QList<Include> includes(const QStringList& folders);
};

static const QString kRoot = QStringLiteral(SCALEWRIGHT_SOURCE_DIR "/");

QList<TestHouse::Include> TestHouse::includes(const QStringList& folders) {
  static const QRegularExpression pattern(QStringLiteral("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]"));
  QList<Include> found;
  for (const QString& folder : folders) {
    QDirIterator it(kRoot + folder, {"*.h", "*.cpp", "*.cu", "*.cuh"}, QDir::Files, QDirIterator::Subdirectories);
    while (it.hasNext()) {
      QFile file(it.next());
      if (!file.open(QIODevice::ReadOnly)) continue;
      int number = 0;
      while (!file.atEnd()) {
        ++number;
        const auto match = pattern.match(QString::fromUtf8(file.readLine()));
        if (match.hasMatch()) found.append({file.fileName().mid(kRoot.size()), match.captured(1), number});
      }
    }
  }
  return found;
}

void TestHouse::includes_point_downward() {
  const QHash<QString, QStringList> above = {{"kernels", {"engine/", "ui/", "app/", "tests/"}}, {"engine", {"ui/", "app/", "tests/"}}, {"ui", {"app/", "tests/"}}, {"app", {"tests/"}}};
  int seen = 0;
  for (auto room = above.cbegin(); room != above.cend(); ++room)
    for (const Include& include : includes({room.key()})) {
      ++seen;
      for (const QString& prefix : room.value())
        QVERIFY2(!include.header.startsWith(prefix), qPrintable(QString("%1:%2 includes %3, which lies above it").arg(include.file).arg(include.line).arg(include.header)));
      if (room.key() == "app" || room.key() == "ui")
        QVERIFY2(!include.header.startsWith("kernels/") || include.header.startsWith("kernels/common/"), qPrintable(include.file + " reaches into " + include.header));
    }
  QVERIFY(seen > 100);
}

void TestHouse::qt_only_in_window_and_tests() {
  for (const Include& include : includes({"kernels", "engine", "app/cli"}))
    QVERIFY2(!QRegularExpression("^Q[A-Z]|^Qt").match(include.header).hasMatch(), qPrintable(include.file + " includes " + include.header));
}

void TestHouse::cuda_headers_only_in_their_places() {
  for (const Include& include : includes({"kernels", "engine", "ui", "app"})) {
    if (!QRegularExpression("^(cuda|cublas|nccl)").match(include.header).hasMatch()) continue;
    QVERIFY2(include.file.startsWith("kernels/cuda/") || include.file == "engine/backend/cuda_backend.cpp", qPrintable(include.file + " includes " + include.header));
  }
}

QTEST_APPLESS_MAIN(TestHouse)
#include "test_house.moc"
