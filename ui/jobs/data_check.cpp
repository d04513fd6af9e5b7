#include "ui/jobs/data_check.h"

#include <QCoreApplication>
#include <iterator>

#include "engine/data/dataset_look.h"
#include "engine/tune/tuning_data.h"

namespace scalewright::ui {
namespace {

namespace fs = std::filesystem;

QString tr(const char* text) { return QCoreApplication::translate("DataCheck", text); }

// One of the files was refused: which, and what the others are. `files` and `read` become those that can be used.
void readWhatCanBe(CheckedData& checked, std::vector<DataFile>& files, Result<DataFilesRead>& read) {
  Dataset dataset;
  std::vector<DataFile> good;
  for (const DataFile& file : files) {
    auto look = look_at_dataset(file.path, {.format = file.format, .columns = file.columns, .limit = kLookedAt});
    checked.files.push_back(look ? DataFileFacts{look->format, look->rows, look->columns} : DataFileFacts{});
    const auto own = files.size() > 1 ? read_data_files({file}) : read;
    checked.unusable.push_back(!own);
    if (own) {
      checked.files.back() = own->files.front();
      good.push_back(file);
    } else if (look) {
      std::move(look->problems.begin(), look->problems.end(), std::back_inserter(dataset.problems));
    }
  }
  checked.dataset = std::make_shared<const Dataset>(std::move(dataset));
  if (good.empty() || good.size() == files.size()) return;
  files = std::move(good);
  read = read_data_files(files);
}

// By the form that it has itself, and with the columns of the examples: as the run reads it. Behind the data.
void readValidation(CheckedData& checked, const fs::path& file, const std::map<std::string, std::string>& columns, const EncodeSettings& settings) {
  const auto refuse = [&](const Error& error) { checked.validationRefused = error; };
  const auto refuseFor = [&](const QString& why) { refuse({ErrorCode::InvalidArgument, why.arg(QString::fromStdString(file.string())).toStdString()}); };
  auto dataset = import_dataset(file, {.columns = columns});
  if (!dataset) return refuse(dataset.error());
  const auto encoded = encode_dataset(*dataset, *checked.open->model, settings);
  if (!encoded) return refuse(encoded.error());
  checked.validationRows = static_cast<int64_t>(encoded->examples.size());
  if (checked.validationRows == 0) return refuseFor(tr("%1: no row of it can be answered within the context."));
  if (checked.encoded && rows_also_learned(*encoded, *checked.encoded) == checked.validationRows)
    return refuseFor(tr("%1: every row of it is learned from too, so its loss would say nothing of other rows. Choose a file of rows that are not, or hold rows back."));
  checked.validation = std::make_shared<const Dataset>(std::move(*dataset));
}

}  // namespace

std::map<std::string, std::string> columnsOf(const std::vector<DataFile>& files) {
  return files.size() == 1 ? files.front().columns : std::map<std::string, std::string>();
}

Result<CheckedData> checkData(EngineHost& engine, const DataOrder& order, JobContext& context) {
  CheckedData checked;
  SW_ASSIGN(checked.open, engine.open(order.model, context));
  std::vector<DataFile> files = order.files;
  auto read = read_data_files(files);
  if (!read) {
    checked.refused = read.error();
    readWhatCanBe(checked, files, read);
  }
  if (read) {
    SW_ASSIGN(EncodedDataset encoded, encode_dataset(read->dataset, *checked.open->model, order.settings));
    if (!checked.refused) {  // a run reads all of the files or none
      checked.data = files.front().path;
      if (files.size() > 1) {
        SW_ASSIGN(checked.data, write_merged(*read, files, order.folder / "data"));
      }
      checked.files = std::move(read->files);
    }
    checked.dataset = std::make_shared<const Dataset>(std::move(read->dataset));
    checked.encoded = std::make_shared<const EncodedDataset>(std::move(encoded));
  }
  if (!order.validation.empty()) readValidation(checked, order.validation, columnsOf(files), order.settings);
  return checked;
}

}  // namespace scalewright::ui
