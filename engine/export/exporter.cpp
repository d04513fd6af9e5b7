#include "engine/export/exporter.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "engine/export/export_plan.h"
#include "engine/export/output_check.h"
#include "engine/export/staged_output.h"
#include "engine/model/session.h"
#include "engine/model/train_graph.h"
#include "engine/tune/scale_pack.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCheckedTokens = 320;
constexpr size_t kKeptLogits = size_t{1} << 24;  // floats: 64 MiB of rows to compare one by one

// Plain words of many kinds: names, numbers, code, a little of other scripts. Its only purpose is to be the same every
// time.
constexpr const char* kText =
    "A lighthouse keeper wrote down the weather four times a day. On 3 March the wind came from the north-west at 21 "
    "knots; by "
    "noon it had turned, and the sea went quiet. \"Nothing to report,\" he noted, then crossed it out and drew a gull "
    "instead. "
    "His sister, who taught arithmetic in the village, kept every page. If a boat carries 48 crates and each holds 2.5 "
    "kg of "
    "salt, she asked her class, how much does the cargo weigh? Most of them said one hundred and twenty.\n\n"
    "for (int i = 0; i < 10; ++i) { total += price[i] * 3; }  // the shop adds it up\n\n"
    "Years later the tower was sold to a company that measures tides. The new machine sends {\"height\": 1.84, "
    "\"unit\": \"m\"} "
    "every minute and never draws anything. Caf\xc3\xa9 owners along the coast still tell the story: in Lisbon, in "
    "Kiel, in "
    "\xe6\x9d\xb1\xe4\xba\xac. They say that on still evenings you can hear a pencil moving, although nobody has lived "
    "there for "
    "thirty years, and that the last line in the book reads: tomorrow, clear skies; the day after, we shall see. "
    "Questions about "
    "the tower can be sent to the harbour office, which is open from nine to five except on holidays and in storms.";

std::vector<int32_t> text_ids(const Model& model) {
  std::vector<int32_t> ids;
  if (model.tokenizer) ids = model.tokenizer->encode_ids(kText, {.add_bos = model.add_bos});
  std::erase_if(ids, [&](int32_t id) { return id < 0 || id >= model.config.vocabulary; });
  // Without a tokenizer any ids will do, as long as they are the same for both.
  for (uint32_t state = 1; ids.size() < 64;) {
    state = state * 1664525u + 1013904223u;
    ids.push_back(static_cast<int32_t>((state >> 8) % static_cast<uint32_t>(model.config.vocabulary)));
  }
  const size_t most =
      std::min<size_t>(kCheckedTokens, static_cast<size_t>(std::max<int64_t>(2, model.config.context_length)));
  if (ids.size() > most) ids.resize(most);
  return ids;
}

struct Measured {
  double perplexity = 0.0;
  size_t stride = 1;          // every stride-th position is kept
  std::vector<float> logits;  // [kept, V]
};

// One pass over the text: perplexity of all of it, logits of as many positions as fit.
Result<Measured> measure(std::shared_ptr<const Model> model, Backend& backend, const std::vector<int32_t>& ids) {
  const size_t V = static_cast<size_t>(model->config.vocabulary);
  Measured result;
  result.stride = std::max<size_t>(1, (ids.size() * V + kKeptLogits - 1) / kKeptLogits);
  SessionOptions options;
  options.context = static_cast<int64_t>(ids.size());
  SW_ASSIGN(const auto session, Session::create(std::move(model), backend, options));
  double nll = 0.0;
  const auto sink = [&](int64_t first, int64_t rows, const float* logits) {
    for (int64_t r = 0; r < rows; ++r) {
      const size_t t = static_cast<size_t>(first + r);
      const float* row = logits + static_cast<size_t>(r) * V;
      if (t % result.stride == 0) result.logits.insert(result.logits.end(), row, row + V);
      if (t + 1 >= ids.size()) continue;
      const double top = *std::max_element(row, row + V);
      double sum = 0.0;
      for (size_t v = 0; v < V; ++v) sum += std::exp(static_cast<double>(row[v]) - top);
      nll += top + std::log(sum) - static_cast<double>(row[ids[t + 1]]);
    }
  };
  SW_TRY(session->append(ids, sink));
  result.perplexity = std::exp(nll / static_cast<double>(ids.size() - 1));
  return result;
}

uint64_t bytes_at(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return fs::file_size(path, error);
  uint64_t total = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
    if (entry.is_regular_file(error)) total += entry.file_size(error);
  }
  return total;
}

ExportCheck pack_check(const TrainableLayout& layout) {
  ExportCheck check;
  check.exact = true;
  check.container = "scale pack";
  check.explanation = "The pack holds the scales alone; it needs the model that it was made from.";
  check.opens_in = {"Scalewright"};
  check.bytes = 2 * layout.total + 128 * layout.entries.size();  // a header entry each
  return check;
}

Result<ExportCheck> write_pack(const Model& model, const fs::path& path) {
  const TrainableLayout layout = trainable_layout(model, Granularity::Group);
  if (layout.entries.empty())
    return fail(ErrorCode::Unsupported,
                model.name + ": the model has no quantized linears, so it has no scales to pack.");
  std::vector<float> values(layout.total);
  initial_scales(model, layout, values.data());
  SW_TRY(write_scale_pack(path, model, layout, values.data(), path.stem().string()));
  return pack_check(layout);
}

Result<StagedOutput> begin_output(const Model& model, ExportTarget target, const fs::path& path) {
  SW_TRY(check_output(path, {{model.path, "the model being read"}}));
  return StagedOutput::create(path, writes_folder(target));
}

Result<ExportCheck> write_into(const StagedOutput& output, const Model& model, ExportTarget target,
                               const std::string& gguf_type, Observer& observer, std::stop_token stop) {
  const fs::path& path = output.path();
  auto written = target == ExportTarget::Gguf   ? write_gguf(model, path, gguf_type, observer, std::move(stop))
                 : target == ExportTarget::Pack ? write_pack(model, path)
                                                : write_folder(model, target, path, observer, std::move(stop));
  return std::move(written).map_error([&](Error error) { return output.told(std::move(error)); });
}

// What was written, as a model. A pack is put on the base it belongs to, to look at the halves that it leaves there.
Result<std::shared_ptr<const Model>> reopen(const Model& model, ExportTarget target, const fs::path& written,
                                            const std::stop_token& stop) {
  Observer quiet;
  SW_ASSIGN(std::shared_ptr<Model> opened, load_model(target == ExportTarget::Pack ? model.path : written, quiet, stop));
  if (target == ExportTarget::Pack) {
    SW_ASSIGN(const ScalePack pack, ScalePack::load(written, *opened));
    const TrainableLayout layout = trainable_layout(*opened, Granularity::Group);
    pack.apply(*opened, snapshot_scales(*opened, layout));
  }
  return opened;
}

// Logits and perplexity of the model in memory and of what was written.
Result<void> compare(const Model& model, ExportTarget target, const fs::path& written, Backend& backend,
                     const std::stop_token& stop, ExportReport& report) {
  // The caller keeps the model alive for as long as this call runs.
  const std::shared_ptr<const Model> memory(std::shared_ptr<const void>(), &model);
  const std::vector<int32_t> ids = text_ids(model);
  SW_ASSIGN(const Measured before, measure(memory, backend, ids));
  SW_ASSIGN(std::shared_ptr<const Model> reopened, reopen(model, target, written, stop));
  SW_ASSIGN(const Measured after, measure(std::move(reopened), backend, ids));
  report.perplexity_memory = before.perplexity;
  report.perplexity_file = after.perplexity;
  report.perplexity_difference = after.perplexity - before.perplexity;
  for (size_t i = 0; i < std::min(before.logits.size(), after.logits.size()); ++i) {
    report.largest_logit_difference =
        std::max(report.largest_logit_difference, std::abs(static_cast<double>(before.logits[i]) - after.logits[i]));
  }
  if (!std::isfinite(after.perplexity) && std::isfinite(before.perplexity)) report.exact = false;
  return {};
}

// Whether the model stays as it was written: names the text by which a person sees it.
std::string comparison(const ExportReport& report) {
  char text[256];
  std::snprintf(text, sizeof(text),
                "Reopened: largest difference of a logit %.3g, perplexity %.4f in memory and %.4f from the file.",
                report.largest_logit_difference, report.perplexity_memory, report.perplexity_file);
  return text;
}

}  // namespace

Result<ExportCheck> check_export(const Model& model, ExportTarget target, const std::string& gguf_type) {
  switch (target) {
    case ExportTarget::Gguf:
      return check_gguf(model, gguf_type);
    case ExportTarget::Pack:
      return pack_check(trainable_layout(model, Granularity::Group));
    default:
      return check_folder(model, target);
  }
}

Result<ExportCheck> write_model(const Model& model, ExportTarget target, const fs::path& path,
                                const std::string& gguf_type, Observer& observer, std::stop_token stop) {
  SW_ASSIGN(StagedOutput output, begin_output(model, target, path));
  SW_ASSIGN(ExportCheck check, write_into(output, model, target, gguf_type, observer, std::move(stop)));
  SW_TRY(output.commit());
  return check;
}

Result<ExportReport> export_model(const Model& model, ExportTarget target, const fs::path& path,
                                  const std::string& gguf_type, Backend& backend, Observer& observer,
                                  std::stop_token stop) {
  const auto begin = std::chrono::steady_clock::now();
  ExportReport report;
  SW_ASSIGN(StagedOutput output, begin_output(model, target, path));
  SW_ASSIGN(const ExportCheck check, write_into(output, model, target, gguf_type, observer, stop));
  report.exact = check.exact;
  report.explanation = check.explanation;
  report.bytes = bytes_at(output.path());
  observer.progress({"comparing with the model in memory", 0.9, -1.0});
  const Result<void> compared = compare(model, target, output.path(), backend, stop, report);
  if (stop.stop_requested()) return writing_cancelled();
  if (!compared) {
    const Error error = output.told(compared.error());
    // Too little memory says nothing against what was written.
    if (error.code != ErrorCode::OutOfMemory)
      return fail(error.code, error.message + " What was written cannot be opened again and was not kept.");
    SW_TRY(output.commit());
    return fail(error.code, error.message + " What was written is kept, but it was not compared with the model in memory.");
  }
  report.explanation += (report.explanation.empty() ? "" : " ") + comparison(report);
  SW_TRY(output.commit());
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace scalewright
