#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/core/file.h"
#include "engine/data/dataset_shape.h"
#include "engine/eval/evaluate.h"
#include "engine/model/session.h"

namespace scalewright {
namespace {

// `bos`: put before each window (models that are lost without one), -1: none. It takes one of the window's places.
Result<PerplexityReport> over_windows(std::shared_ptr<const Model> model, Backend& backend,
                                      std::span<const int32_t> ids, int32_t bos, const PerplexityOptions& options,
                                      Observer& observer, std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  PerplexityReport report;
  report.context = options.context;
  report.stride = options.stride > 0 ? options.stride : options.context;
  if (options.context < 2)
    return fail(ErrorCode::InvalidArgument,
                "A window of " + std::to_string(options.context) + " tokens predicts nothing. Use at least 2.");
  if (report.stride > options.context) {
    return fail(ErrorCode::InvalidArgument, "The stride of " + std::to_string(report.stride) +
                                                " tokens is longer than the window of " +
                                                std::to_string(options.context) +
                                                ", so tokens would be left out. Use a stride of at most the window.");
  }
  if (options.max_tokens > 0 && ids.size() > static_cast<size_t>(options.max_tokens))
    ids = ids.first(static_cast<size_t>(options.max_tokens));
  if (ids.size() < 2)
    return fail(ErrorCode::InvalidArgument,
                "The text has fewer than two tokens, so there is nothing to predict. Choose a longer text.");
  const int64_t total = static_cast<int64_t>(ids.size());
  SessionOptions session_options;
  session_options.context = std::min(options.context, total + (bos >= 0 ? 1 : 0));
  SW_ASSIGN(const std::unique_ptr<Session> session, Session::create(model, backend, session_options));

  const int64_t lead = bos >= 0 ? 1 : 0;
  const int64_t room = options.context - lead, step = std::min(report.stride, room);
  const int64_t windows = total <= room ? 1 : (total - room + step - 1) / step + 1;
  std::vector<int32_t> input, targets;
  std::vector<double> nll;
  double sum = 0.0;
  int64_t counted_to = 1;  // tokens before this one are done; the first of the text is never predicted
  for (int64_t window = 0, begin = 0; window < windows; ++window, begin += step) {
    if (stop.stop_requested()) break;
    const int64_t end = std::min(begin + room, total);
    input.clear();
    if (bos >= 0) input.push_back(bos);
    input.insert(input.end(), ids.begin() + begin, ids.begin() + end);
    targets.assign(input.size(), -100);
    nll.assign(input.size(), 0.0);
    int64_t predicted = 0;
    for (int64_t t = std::max(counted_to, begin + 1 - lead); t < end;
         ++t) {  // without BOS nothing stands before `begin`
      targets[static_cast<size_t>(t - begin + lead - 1)] = ids[static_cast<size_t>(t)];
      ++predicted;
    }
    session->rewind(0);
    if (predicted > 0) SW_TRY(session->append_nll(input, targets, nll));
    for (double value : nll) sum += value;
    report.tokens += predicted;
    counted_to = end;
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Progress progress;
    progress.step = "window " + std::to_string(window + 1) + " of " + std::to_string(windows);
    progress.fraction = static_cast<double>(window + 1) / static_cast<double>(windows);
    progress.seconds_left = elapsed / progress.fraction - elapsed;
    observer.progress(progress);
  }
  report.nll = report.tokens > 0 ? sum / static_cast<double>(report.tokens) : 0.0;
  report.perplexity = report.tokens > 0 ? std::exp(report.nll) : 0.0;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

bool holds_conversations(const Dataset& dataset) {
  return std::any_of(dataset.examples.begin(), dataset.examples.end(),
                     [](const Example& example) { return !example.messages.empty(); });
}

// Conversations as the model reads them: through its chat template, one after the other.
Result<std::vector<int32_t>> ids_of(const Dataset& dataset, const Model& model, int64_t context) {
  EncodeSettings settings;
  settings.context = context;
  settings.train_on_inputs = true;
  SW_ASSIGN(const EncodedDataset encoded, encode_dataset(dataset, model, settings));
  std::vector<int32_t> ids;
  for (const EncodedExample& example : encoded.examples) ids.insert(ids.end(), example.ids.begin(), example.ids.end());
  return ids;
}

std::string text_of(const Dataset& dataset) {
  if (dataset.examples.size() == 1) return dataset.examples.front().text;
  std::string text;
  for (const Example& example : dataset.examples) text += (text.empty() ? "" : "\n\n") + example.text;
  return text;
}

struct TextIds {
  std::vector<int32_t> ids;
  int32_t bos = -1;           // that goes before each window; -1: none
  int64_t conversations = 0;  // that they are, one after the other; 0: they are a text
};

Result<TextIds> read_text(const Model& model, const std::filesystem::path& text, const PerplexityOptions& options) {
  if (!model.tokenizer) {
    return fail(ErrorCode::InvalidArgument, model.name +
                                                " has no tokenizer, so a text cannot be measured on it. Put "
                                                "tokenizer.json or tokenizer.model into its folder.");
  }
  std::string content;
  if (data::shape_by_name(text).value_or(data::Shape::Plain) != data::Shape::Plain) {
    SW_ASSIGN(const Dataset dataset, import_dataset(text, {}));
    if (holds_conversations(dataset)) {
      SW_ASSIGN(std::vector<int32_t> ids, ids_of(dataset, model, options.context));
      return TextIds{std::move(ids), -1, static_cast<int64_t>(dataset.examples.size())};
    }
    content = text_of(dataset);
  } else {
    // To the byte: line ends count as tokens.
    SW_ASSIGN(content, read_text_file(text));
    if (content.starts_with("\xEF\xBB\xBF")) content.erase(0, 3);  // a byte order mark is no text
  }
  if (options.max_tokens > 0) {
    // No token is shorter than a byte and hardly one longer than 64: the rest need not be cut up.
    const size_t enough = static_cast<size_t>(options.max_tokens) * 64;
    if (content.size() > enough) content.resize(enough);
  }
  TextIds read{model.tokenizer->encode_ids(content, {.parse_special = false, .add_bos = false}),
               model.add_bos ? model.tokenizer->bos() : -1};
  if (read.ids.size() < 2) {
    return fail(
        ErrorCode::InvalidArgument,
        text.string() + ": the text has fewer than two tokens, so there is nothing to predict. Choose a longer text.");
  }
  return read;
}

}  // namespace

Result<PerplexityReport> perplexity(std::shared_ptr<const Model> model, Backend& backend,
                                    const std::filesystem::path& text, const PerplexityOptions& options,
                                    Observer& observer, std::stop_token stop) {
  SW_ASSIGN(const TextIds read, read_text(*model, text, options));
  SW_ASSIGN(PerplexityReport report,
            over_windows(std::move(model), backend, read.ids, read.bos, options, observer, stop));
  report.conversations = read.conversations;
  return report;
}

Result<std::vector<int32_t>> perplexity_ids(const Model& model, const std::filesystem::path& text,
                                            const PerplexityOptions& options) {
  SW_ASSIGN(TextIds read, read_text(model, text, options));
  if (options.max_tokens > 0 && std::ssize(read.ids) > options.max_tokens)
    read.ids.resize(static_cast<size_t>(options.max_tokens));
  return std::move(read.ids);
}

Result<PerplexityReport> perplexity_of_ids(std::shared_ptr<const Model> model, Backend& backend,
                                           const std::vector<int32_t>& ids, const PerplexityOptions& options,
                                           Observer& observer, std::stop_token stop) {
  return over_windows(std::move(model), backend, ids, -1, options, observer, stop);
}

}  // namespace scalewright
