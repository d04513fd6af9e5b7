#include "ui/jobs/data_files.h"

#include <QCoreApplication>
#include <QCryptographicHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <iterator>

#include "engine/core/file.h"

namespace scalewright::ui {
namespace {

namespace fs = std::filesystem;
constexpr int kHashDigits = 8;

QString tr(const char* text) { return QCoreApplication::translate("DataFiles", text); }

QJsonObject rowOf(const Example& example) {
  if (example.messages.empty()) return {{QStringLiteral("text"), QString::fromStdString(example.text)}};
  QJsonArray messages;
  for (const Message& message : example.messages)
    messages.append(QJsonObject{{QStringLiteral("role"), QString::fromStdString(message.role)}, {QStringLiteral("content"), QString::fromStdString(message.content)}});
  return {{QStringLiteral("messages"), messages}};
}

}  // namespace

Result<DataFilesRead> readDataFiles(const std::vector<DataFile>& files) {
  if (files.empty()) return fail(ErrorCode::InvalidArgument, tr("No file of examples is chosen.").toStdString());
  DataFilesRead read;
  for (const DataFile& file : files) {
    SW_ASSIGN(Dataset part, import_dataset(file.path, {.format = DatasetFormat::Auto, .columns = file.columns, .limit = 0}));
    read.files.push_back({part.format, part.rows, part.columns});
    if (files.size() == 1) {
      read.dataset = std::move(part);
      return read;
    }
    Dataset& all = read.dataset;
    const bool text = part.format == DatasetFormat::Text;
    if (all.examples.empty())
      all.format = text ? DatasetFormat::Text : DatasetFormat::Chat;
    else if (text != (all.format == DatasetFormat::Text))
      return fail(ErrorCode::InvalidArgument, tr("%1: conversations and plain texts cannot be learned in one run. Remove one of the two.").arg(QString::fromStdString(file.path.filename().string())).toStdString());
    all.rows += part.rows;
    all.duplicates += part.duplicates;
    all.empty += part.empty;
    all.problems.insert(all.problems.end(), std::make_move_iterator(part.problems.begin()), std::make_move_iterator(part.problems.end()));
    for (const std::string& note : part.notes) all.notes.push_back(file.path.filename().string() + ": " + note);
    for (Example& example : part.examples) {
      all.examples.push_back(std::move(example));
      all.examples.back().line = int64_t(all.examples.size());
    }
  }
  return read;
}

Result<fs::path> writeMerged(const DataFilesRead& read, const std::vector<DataFile>& files, const fs::path& folder) {
  std::string rows;
  for (const Example& example : read.dataset.examples) rows += QJsonDocument(rowOf(example)).toJson(QJsonDocument::Compact).toStdString() + '\n';
  const QByteArray hash = QCryptographicHash::hash(QByteArrayView(rows.data(), qsizetype(rows.size())), QCryptographicHash::Sha1).toHex().left(kHashDigits);
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path path = folder / (files.front().path.stem().string() + "-and-" + std::to_string(files.size() - 1) + "-more-" + hash.toStdString() + ".jsonl");
  SW_TRY(write_text_file(path, rows));
  return path;
}

}  // namespace scalewright::ui
