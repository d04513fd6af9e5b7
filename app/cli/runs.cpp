// runs: the history in the database.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "app/cli/context.h"
#include "engine/tune/trainer.h"
#include "engine/tune/run_store.h"

namespace scalewright::cli {
namespace {

// Folders of runs in `folder` that the history does not know: they were copied there.
std::vector<std::string> runs_not_in_history(const std::filesystem::path& folder, const std::set<std::string>& known) {
  std::vector<std::string> found;
  std::error_code error;
  const auto look = [&](const std::filesystem::path& path) {
    if (is_run_folder(path) && !known.contains(std::filesystem::weakly_canonical(path, error).string())) found.push_back(path.string());
  };
  look(folder);
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) look(it->path());
  std::sort(found.begin(), found.end());
  return found;
}

Result<int> runs(const Context& context, const std::string& folder) {
  std::string warning;
  SW_ASSIGN(const std::unique_ptr<RunStore> store, RunStore::open(RunStore::default_file(), &warning));
  if (!warning.empty()) std::cerr << "warning: " << warning << '\n';
  SW_ASSIGN(const std::vector<RunRow> rows, store->runs());
  std::error_code ignored;
  const std::string prefix = folder.empty() ? "" : std::filesystem::weakly_canonical(folder, ignored).string();
  Json list = Json::array();
  bool matches = folder.empty();
  std::set<std::string> known;  // folders
  for (const RunRow& run : rows) {
    if (!prefix.empty() && run.folder != prefix && run.folder.rfind(prefix + "/", 0) != 0) continue;
    matches = true;
    known.insert(run.folder);
    const std::string state = present_state(run);
    list.push_back({{"id", run.id},
                    {"folder", run.folder},
                    {"name", run.name},
                    {"model", run.model},
                    {"data", run.data},
                    {"state", state},
                    {"started", run.started},
                    {"ended", run.ended},
                    {"step", run.step},
                    {"steps", run.steps},
                    {"loss", run.last_loss},
                    {"best_validation", run.best_validation},
                    {"peak_bytes", run.peak_bytes},
                    {"notes", run.notes},
                    {"error", run.error}});
    context.print(state + "  step " + std::to_string(run.step) + " of " + std::to_string(run.steps) +
                  (std::isfinite(run.last_loss) ? "  loss " + format_number(run.last_loss, 4) : "") + "  " + run.model + "  " + run.folder);
  }
  if (!matches && !std::filesystem::exists(folder, ignored))
    return fail(ErrorCode::Io, folder + ": there is no such folder, and the history knows no run in it. Without a folder, runs lists all of them.");
  if (!matches && !std::filesystem::is_directory(folder, ignored))
    return fail(ErrorCode::InvalidArgument, folder + ": this is a file. Give the folder of a run, or one that runs lie in.");
  const std::vector<std::string> copied = folder.empty() ? std::vector<std::string>() : runs_not_in_history(folder, known);
  for (const std::string& path : copied) context.print("not in the history  " + path);
  if (list.empty() && copied.empty())
    context.print((folder.empty() ? std::string("No runs yet.") : "No runs in " + folder + ".") + " Begin one with: scalewright-cli tune MODEL --data FILE -o RUN");
  context.print_json({{"runs", list}, {"not_in_history", copied}});
  return 0;
}

}  // namespace

void add_runs(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "runs", "The history of tuning runs", Uses::Nothing);
  auto folder = std::make_shared<std::string>();
  verb->add_option("FOLDER", *folder, "Only runs in this folder, with those copied there, which the history does not know");
  verb->callback([&context, folder] { context.command = [&context, folder] { return runs(context, *folder); }; });
}

}  // namespace scalewright::cli
