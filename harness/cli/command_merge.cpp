#include <memory>

#include "cli/command.h"
#include "cli/record_output.h"
#include "model/record_merge.h"
#include "run/record_file.h"

namespace relapse::cli {

namespace {

struct MergeOptions {
  std::vector<std::string> files;
  OutputOptions output;
};

int execute(const MergeOptions& options) {
  std::vector<model::Record> records;
  for (const auto& file : options.files) {
    auto record = run::read_record_file(file);
    if (!record) {
      return report_error(record.error());
    }
    records.push_back(*std::move(record));
  }
  auto merged = model::merge_records(std::move(records));
  return merged ? put_out({*std::move(merged)}, options.output) : report_error(merged.error());
}

}  // namespace

std::function<int()> declare_merge(CLI::App& app) {
  auto options = std::make_shared<MergeOptions>();
  app.add_option("RECORD", options->files, "the record.json of each")
      ->required()
      ->type_name("FILE...")
      ->check(CLI::ExistingFile);
  add_output_options(app, options->output);
  app.footer(
      "Exit codes: those of the worst verdict; 4 also where a shard is missing.\n"
      "\n"
      "  relapse run --shard 1/2 --report one     relapse run --shard 2/2 --report two\n"
      "  relapse merge one/record.json two/record.json --report out");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
