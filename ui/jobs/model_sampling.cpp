#include "ui/jobs/model_sampling.h"

#include <QByteArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <cmath>

#include "engine/format/file_metadata.h"
#include "engine/format/gguf.h"
#include "engine/model/model_reader.h"

namespace scalewright::ui {

ModelSampling samplingOf(const FileMetadata& metadata) {
  ModelSampling sampling;
  SamplingOptions& options = sampling.options;
  // A value out of its range is a mistake in the file: the default stays.
  const auto take = [&](double value, double low, double high, auto& into) {
    if (!std::isfinite(value) || value < low || value > high) return;
    into = static_cast<std::remove_reference_t<decltype(into)>>(value);
    sampling.fromModel = true;
  };
  const struct { const char* json; const char* gguf; double low, high; int what; } keys[] = {
      {"temperature", "general.sampling.temp", 0.0, 2.0, 0}, {"top_k", "general.sampling.top_k", 0.0, 100000.0, 1},
      {"top_p", "general.sampling.top_p", 0.05, 1.0, 2},     {"min_p", "general.sampling.min_p", 0.0, 0.5, 3},
      {"repetition_penalty", "general.sampling.penalty_repeat", 1.0, 2.0, 4}};
  const QJsonObject json = QJsonDocument::fromJson(QByteArray::fromStdString(metadata.generation_config_json)).object();
  for (const auto& key : keys) {
    double value = std::nan("");
    if (const QJsonValue found = json.value(QLatin1String(key.json)); found.isDouble()) value = found.toDouble();
    if (const GgufEntry* entry = find_entry(metadata.entries, key.gguf)) value = entry->as_number().value_or(value);
    switch (key.what) {
      case 0: take(value, key.low, key.high, options.temperature); break;
      case 1: take(value, key.low, key.high, options.top_k); break;
      case 2: take(value, key.low, key.high, options.top_p); break;
      case 3: take(value, key.low, key.high, options.min_p); break;
      default: take(value, key.low, key.high, options.repeat_penalty);
    }
  }
  // "do_sample": false is how a folder says greedy.
  if (const QJsonValue sample = json.value(QLatin1String("do_sample")); sample.isBool() && !sample.toBool() && !json.contains(QLatin1String("temperature"))) {
    options.temperature = 0.0;
    sampling.fromModel = true;
  }
  return sampling;
}

Result<ModelSampling> readModelSampling(const std::filesystem::path& path) {
  SW_ASSIGN(const std::unique_ptr<ModelReader> reader, ModelReader::open(path));
  const std::shared_ptr<Model> model = reader->skeleton();
  return model->metadata ? samplingOf(*model->metadata) : ModelSampling{};
}

}  // namespace scalewright::ui
