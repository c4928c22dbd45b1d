#include <filesystem>
#include <memory>
#include <optional>

#include "any/inject.h"
#include "cli/command.h"
#include "cli/record_output.h"

namespace relapse::cli {

namespace {

namespace fs = std::filesystem;

struct InjectOptions {
  run::InjectRequest request;
  OutputOptions output;
  bool every = false;
  std::optional<int> short_bytes;
  std::optional<int> delay_ms;
};

model::Result<> complete(InjectOptions& options) {
  auto& request = options.request;
  auto& settings = request.settings;
  if (request.command.empty()) {
    return model::Error{model::ErrorKind::kUsage, "inject takes a command",
                        "relapse inject --call write --error ENOSPC -- COMMAND"};
  }
  if (options.short_bytes) {
    settings.short_writes = {*options.short_bytes};
  }
  if (options.delay_ms) {
    settings.delays_ms = {*options.delay_ms};
  }
  if (settings.errors.empty() && settings.short_writes.empty() && settings.delays_ms.empty()) {
    return model::Error{model::ErrorKind::kUsage, "nothing is said to happen to the call",
                        "give --error ENOSPC, --short BYTES or --delay-ms MS"};
  }
  if (options.every) {
    settings.nth = 0;
  }
  request.record_file = record_file(options.output);
  request.folder = fs::current_path();
  request.env = caller_environment();
  if (!request.user_files.empty()) {
    request.user_files = fs::absolute(request.user_files).lexically_normal();
  }
  for (auto& folder : settings.folders) {
    folder = fs::absolute(folder).lexically_normal();
  }
  return model::Done{};
}

int execute(InjectOptions& options) {
  auto ready = complete(options);
  if (!ready) {
    return report_error(ready.error());
  }
  LiveProgress progress;
  auto result = run::inject(options.request, progress.events());
  progress.clear();
  return result ? put_out(*result, options.output) : report_error(result.error());
}

// What happens, and to which call.
void add_rule_options(CLI::App& app, InjectOptions& options) {
  auto& settings = options.request.settings;
  app.add_option("--call", settings.calls,
                 "the operation: write, read, open (of what is there), open-create, mkdir, rename, "
                 "unlink, stat and the like, or another system call by its own name (fsync); may "
                 "be given again")
      ->required()
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--error", settings.errors,
                 "the call is not made, and fails with this: ENOSPC, EIO, or a number; may be "
                 "given again")
      ->type_name("ERRNO")
      ->allow_extra_args(false);
  app.add_option("--short", options.short_bytes, "only so many bytes are written")
      ->type_name("BYTES")
      ->check(CLI::Range(0, 1 << 20));
  app.add_option("--delay-ms", options.delay_ms, "the call is made so much later")
      ->type_name("MS")
      ->check(CLI::Range(1, 3'600'000));
  app.add_option("--path", settings.path,
                 "only calls about paths that the pattern matches, wherever they are; * matches / "
                 "too")
      ->type_name("GLOB");
  app.add_option("--program,--actor", settings.program,
                 "only calls of programs whose name the pattern matches")
      ->type_name("GLOB");
  app.add_option("--folder", settings.folders,
                 "without --path: only calls about paths below it; may be given again (by itself: "
                 "the folder where the command starts, and /tmp)")
      ->type_name("DIR")
      ->allow_extra_args(false);
  auto* nth = app.add_option("--nth", settings.nth,
                             "which of these calls, counted over all threads and processes")
                  ->check(CLI::Range(1, 1'000'000))
                  ->capture_default_str();
  auto* every = app.add_flag("--every", options.every, "all of them in one trial");
  auto* sweep = app.add_flag("--sweep", settings.sweep,
                             "the first in one trial, the second in the next, until the command "
                             "makes no more");
  every->excludes(nth);
  sweep->excludes(nth)->excludes(every);
  app.add_option("--most", settings.most, "a sweep of one call and one effect goes no further")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->needs(sweep);
}

}  // namespace

std::function<int()> declare_inject(CLI::App& app) {
  auto options = std::make_shared<InjectOptions>();
  auto& request = options->request;
  add_rule_options(app, *options);
  app.add_option("--check", request.check,
                 "a command for the shell, run in the same world when the program has ended: the "
                 "trial fails if it does not exit with 0")
      ->type_name("COMMAND");
  app.add_option("--user-files", request.user_files,
                 "copied into each world as the program's home, where it then starts")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  app.add_option("--limit-ms", request.deadline_ms, "of one trial")
      ->type_name("MS")
      ->check(CLI::Range(100, 86'400'000))
      ->capture_default_str();
  add_output_options(app, options->output);
  app.add_option("COMMAND", request.command, "the program and its arguments, after --");
  app.footer(
      "Runs the command in a fresh world, as it is, and fails one of its system calls. Without\n"
      "--check it bears that if it ends with 0 and leaves the files that it leaves undisturbed, "
      "or\n"
      "ends with another code and a message. It does not if it ends with 0 and leaves less, dies\n"
      "by a signal, fails without a word, or hangs. What it writes goes with the world.\n"
      "\n"
      "Exit codes: 0 it bears it, 1 it does not, 2 bad usage, 3 harness error, 4 inconclusive\n"
      "(the call was never reached, or the command fails by itself).\n"
      "\n"
      "  relapse inject --call write --error ENOSPC --sweep -- ./backup.sh\n"
      "  relapse inject --call rename --error EIO --path '*.json' -- npm install\n"
      "  relapse inject --call write --short 1 --nth 3 --check 'cmp out expected' -- ./program");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
