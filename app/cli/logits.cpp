// logits: ids in, logits out, for comparison with other programs.

#include <algorithm>

#include "app/cli/context.h"
#include "app/cli/model_argument.h"
#include "engine/core/npy.h"
#include "engine/model/session.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {
namespace {

struct Options {
  std::string model, ids, output;
  bool fast = false;
};

Result<int> logits(const Context& context, const Options& options) {
  SW_TRY(check_model_argument(options.model, Takes::ModelOrRun));
  SW_ASSIGN(const NpyArray array, read_npy(options.ids));
  SW_ASSIGN(const std::vector<int32_t> ids, npy_as_int32(array));
  if (array.shape.size() != 2 || ids.empty())
    return fail(ErrorCode::InvalidArgument, options.ids + ": expected int32 of shape [B, T] with at least one token.");
  const int64_t rows = array.shape[0], tokens = array.shape[1];
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, open_model_or_run(options.model, observer, context.stop));
  const int64_t vocabulary = model->config.vocabulary;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocabulary) continue;
    const auto at = static_cast<int64_t>(i);
    return fail(ErrorCode::InvalidArgument, options.ids + ": id " + std::to_string(ids[i]) + " (row " + std::to_string(at / tokens) + ", token " + std::to_string(at % tokens) +
                                                ") is not in the vocabulary of the model, which has the ids 0 to " + std::to_string(vocabulary - 1) + ".");
  }
  SessionOptions session_options;
  session_options.context = tokens;
  session_options.precision = options.fast ? Precision::Fast : Precision::Exact;
  SW_ASSIGN(const auto session, Session::create(model, *backend, session_options));
  std::vector<float> out(static_cast<size_t>(rows * tokens * vocabulary));
  for (int64_t row = 0; row < rows; ++row) {
    session->rewind(0);
    float* target = out.data() + row * tokens * vocabulary;
    SW_TRY(session->append(std::span(ids).subspan(static_cast<size_t>(row * tokens), static_cast<size_t>(tokens)),
                           [&](int64_t first, int64_t count, const float* values) {
                             std::copy_n(values, count * vocabulary, target + first * vocabulary);
                           }));
  }
  const int64_t shape[] = {rows, tokens, vocabulary};
  SW_TRY(write_npy(options.output, out, shape));
  observer.finish();
  context.print_json({{"shape", shape}, {"output", options.output}});
  context.print("wrote logits [" + std::to_string(rows) + ", " + std::to_string(tokens) + ", " + std::to_string(vocabulary) + "] to " + options.output);
  return 0;
}

}  // namespace

void add_logits(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "logits", "Logits of given token ids, as .npy files", Uses::Device);
  auto o = std::make_shared<Options>();
  verb->add_option("MODEL", o->model, "A model, or the folder of a run")->required();
  verb->add_option("--ids", o->ids, "int32 [B, T]")->required();
  verb->add_option("-o,--output", o->output, "float32 [B, T, V]")->required();
  verb->add_flag("--fast", o->fast, "Activations in 8 bits, as chat uses");
  verb->callback([&context, o] { context.command = [&context, o] { return logits(context, *o); }; });
}

}  // namespace scalewright::cli
