// From examples to ids and masks. The mask comes from the rendered text's learned byte ranges through the offsets of
// the tokens: tokenizing the prompt apart could cut the seam otherwise than the whole.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/random.h"
#include "engine/data/dataset.h"

namespace scalewright {
namespace {

RenderOptions render_options(const Model& model) {
  RenderOptions options;
  options.bos_token = model.bos_token;
  options.eos_token = model.eos_token;
  return options;
}

std::vector<Message> with_system(const std::vector<Message>& messages, const std::string& prompt) {
  std::vector<Message> all = messages;
  if (!prompt.empty() && (all.empty() || all.front().role != "system"))
    all.insert(all.begin(), Message{"system", prompt});
  return all;
}

Result<Rendered> render(const Example& example, const Model& model, const EncodeSettings& settings) {
  if (example.messages.empty()) {
    Rendered rendered;
    rendered.text = example.text;
    rendered.learned = {{0, rendered.text.size()}};
    return rendered;
  }
  const auto chat_template = model.chat_template ? model.chat_template : ChatTemplate::plain();
  SW_ASSIGN(Rendered rendered,
            chat_template->render(with_system(example.messages, settings.system_prompt), render_options(model)));
  if (settings.train_on_inputs) rendered.learned = {{0, rendered.text.size()}};
  return rendered;
}

void count(EncodedDataset& dataset) {
  dataset.tokens = dataset.learned_tokens = dataset.cut = 0;
  for (const EncodedExample& example : dataset.examples) {
    dataset.tokens += static_cast<int64_t>(example.ids.size());
    dataset.learned_tokens += std::accumulate(example.learned.begin(), example.learned.end(), int64_t{0});
    dataset.cut += example.cut;
  }
}

// A conversation: cut at the context as the settings say. Whether it is longer than that.
bool add_conversation(const Example& source, const Rendered& rendered, const Model& model,
                      const EncodeSettings& settings, EncodedDataset& out) {
  const bool bos_written = !model.bos_token.empty() && rendered.text.starts_with(model.bos_token);
  const auto tokens =
      model.tokenizer->encode(rendered.text, {.parse_special = true, .add_bos = model.add_bos && !bos_written});
  const size_t context = static_cast<size_t>(settings.context);
  EncodedExample example;
  example.line = source.line;
  example.row = source.row;
  example.cut = tokens.size() > context;
  if (example.cut && settings.truncation == Truncation::Drop) {
    ++out.too_long;
    return true;
  }
  const size_t kept = std::min(tokens.size(), context);
  // Cut at the start: what is left out lies behind a BOS.
  const size_t bos = !tokens.empty() && tokens.front().id == model.tokenizer->bos() ? 1 : 0;
  const size_t skipped = settings.truncation == Truncation::Start ? tokens.size() - kept : 0;
  example.ids.reserve(kept);
  example.learned.reserve(kept);
  size_t range = 0;
  bool any = false;
  for (size_t i = 0; i < tokens.size() && example.ids.size() < kept; ++i) {
    if (i >= bos && i < bos + skipped) continue;
    const Token& token = tokens[i];
    while (range < rendered.learned.size() && rendered.learned[range].second <= token.begin) ++range;
    // A token that holds any learned byte is learned: one that straddles the seam writes the first letters of the
    // answer.
    const bool learned = !example.ids.empty() && token.end > token.begin && range < rendered.learned.size() &&
                         token.end > rendered.learned[range].first;
    example.ids.push_back(token.id);
    example.learned.push_back(learned ? 1 : 0);
    any |= learned;
  }
  const bool cut = example.cut;
  if (any) out.examples.push_back(std::move(example));
  else ++out.dropped;
  return cut;
}

// A document: rows of `context` tokens, each of which begins with BOS where the model wants one; every other token is
// learned.
void add_document(const Example& source, bool end_of_document, const Model& model, const EncodeSettings& settings,
                  EncodedDataset& out) {
  std::vector<int32_t> ids = model.tokenizer->encode_ids(source.text, {.parse_special = false, .add_bos = false});
  if (end_of_document && model.tokenizer->eos() >= 0) ids.push_back(model.tokenizer->eos());
  const bool bos = model.add_bos && model.tokenizer->bos() >= 0;
  const size_t room = static_cast<size_t>(settings.context) - (bos ? 1 : 0);
  for (size_t begin = 0; begin < ids.size(); begin += room) {
    const size_t end = std::min(ids.size(), begin + room);
    EncodedExample example;
    example.line = source.line;
    example.row = source.row;
    if (bos) example.ids.push_back(model.tokenizer->bos());
    example.ids.insert(example.ids.end(), ids.begin() + static_cast<std::ptrdiff_t>(begin),
                       ids.begin() + static_cast<std::ptrdiff_t>(end));
    example.learned.assign(example.ids.size(), 1);
    example.learned[0] = 0;
    if (example.ids.size() < 2) {
      ++out.dropped;
      continue;
    }
    out.examples.push_back(std::move(example));
  }
}

}  // namespace

const char* to_string(Truncation truncation) {
  switch (truncation) {
    case Truncation::End:
      return "end";
    case Truncation::Start:
      return "start";
    case Truncation::Drop:
      return "drop";
  }
  return "end";
}
Result<Truncation> truncation_from(const std::string& word) {
  for (const Truncation truncation : {Truncation::End, Truncation::Start, Truncation::Drop}) {
    if (word == to_string(truncation)) return truncation;
  }
  return fail(ErrorCode::InvalidArgument, "\"" + word + "\" is no way to cut long rows. Use end, start or drop.");
}

Result<EncodedDataset> encode_dataset(const Dataset& dataset, const Model& model, const EncodeSettings& settings) {
  if (!model.tokenizer) {
    return fail(ErrorCode::InvalidArgument,
                model.name +
                    " has no tokenizer, so text cannot be turned into tokens. Put tokenizer.json or "
                    "tokenizer.model into its folder.");
  }
  if (settings.context < 2)
    return fail(ErrorCode::InvalidArgument, "A context of " + std::to_string(settings.context) +
                                                " tokens leaves nothing to learn. Use at least 2.");
  EncodedDataset out;
  out.examples.reserve(dataset.examples.size());
  bool any_longer = false;
  const bool whole_file = dataset.format == DatasetFormat::Text && dataset.examples.size() == 1;
  for (const Example& example : dataset.examples) {
    if (example.messages.empty()) {
      add_document(example, !whole_file, model, settings, out);
      continue;
    }
    auto rendered = render(example, model, settings);
    if (!rendered) {
      out.problems.push_back({dataset.path.filename().string(), example.line, "messages",
                              "The model's chat template refuses the conversation: " + rendered.error().message,
                              example.row});
      continue;
    }
    any_longer |= add_conversation(example, *rendered, model, settings, out);
  }
  count(out);
  if (out.examples.empty()) {
    if (!out.problems.empty()) {
      return fail(ErrorCode::InvalidArgument, dataset.path.string() + ", line " +
                                                  std::to_string(out.problems.front().line) + ": " +
                                                  out.problems.front().message + " No other row can be used either.");
    }
    if (!any_longer) {
      return fail(ErrorCode::InvalidArgument,
                  dataset.path.string() +
                      ": there is nothing to learn. A text needs at least two tokens, a conversation an answer.");
    }
    return fail(ErrorCode::InvalidArgument,
                dataset.path.string() + ": no row has anything left to learn within " +
                    std::to_string(settings.context) + " tokens. Choose a longer context" +
                    (settings.truncation == Truncation::Start
                         ? "."
                         : ", or cut long rows at their beginning (--truncate start)."));
  }
  return out;
}

Result<Rendered> preview_example(const Example& example, const Model& model, const EncodeSettings& settings) {
  return render(example, model, settings);
}

std::pair<EncodedDataset, EncodedDataset> split_dataset(EncodedDataset dataset, double fraction, uint64_t seed) {
  std::pair<EncodedDataset, EncodedDataset> parts;
  const size_t rows = dataset.examples.size();
  size_t second = 0;
  if (fraction > 0.0 && rows >= 2) {
    const double wanted = std::round(std::min(fraction, 1.0) * static_cast<double>(rows));
    second = std::clamp<size_t>(static_cast<size_t>(wanted), 1, rows - 1);
  }
  std::vector<size_t> order(rows);
  std::iota(order.begin(), order.end(), size_t{0});
  SplitMix64 random(seed);
  for (size_t i = 0; i < second; ++i) std::swap(order[i], order[i + random.next() % (rows - i)]);
  std::vector<uint8_t> chosen(rows, 0);
  for (size_t i = 0; i < second; ++i) chosen[order[i]] = 1;
  for (size_t i = 0; i < rows; ++i) {
    (chosen[i] ? parts.second : parts.first).examples.push_back(std::move(dataset.examples[i]));
  }
  parts.first.dropped = dataset.dropped;
  parts.first.too_long = dataset.too_long;
  parts.first.problems = std::move(dataset.problems);
  count(parts.first);
  count(parts.second);
  return parts;
}

}  // namespace scalewright
