#include "supplied/call_files.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "os/files.h"

namespace relapse::env {

namespace fs = std::filesystem;

namespace {

// A script that a person writes is small; what is larger is a program or data.
constexpr size_t kScriptBytesMax = size_t{256} << 10;

// BASE/script DIR NAME CALL: the words of the stand-in that runs one script.
struct ScriptRun {
  std::string folder;
  std::string name;
  int call = -1;
};

std::optional<ScriptRun> script_run(const CallParent& parent, const std::string& base) {
  const auto& words = parent.argv;
  const auto at = std::find(words.begin(), words.end(), base + "/script");
  if (at == words.end() || words.end() - at < 4) {
    return std::nullopt;
  }
  ScriptRun run{at[1], at[2], -1};
  std::from_chars(at[3].data(), at[3].data() + at[3].size(), run.call);
  return run;
}

// The files that a process was told of: what it runs, as far as it is the project's.
std::vector<fs::path> files_of(const CallParent& parent) {
  std::vector<fs::path> files;
  if (parent.argv.empty()) {
    return files;
  }
  const std::string program = fs::path(parent.argv.front()).filename();
  const bool make = program == "make" || program == "gmake";
  bool named = false;
  for (size_t i = 0; i < parent.argv.size(); ++i) {
    const std::string& word = parent.argv[i];
    if (!word.empty() && word.front() != '-') {
      files.push_back(fs::path(parent.folder) / word);
      named = named || (i > 0 && parent.argv[i - 1] == "-f");
    }
  }
  for (const char* name : {"GNUmakefile", "makefile", "Makefile"}) {
    if (make && !named) {
      files.push_back(fs::path(parent.folder) / name);
    }
  }
  return files;
}

std::optional<SourceText> read_source(const fs::path& path, const std::string& root,
                                      const std::string& base) {
  const fs::path file = path.lexically_normal();
  std::error_code error;
  const std::string name = file;
  if (!name.starts_with(root + "/") || name.starts_with(base + "/") ||
      !fs::is_regular_file(file, error)) {
    return std::nullopt;
  }
  auto text = os::read_file(file, kScriptBytesMax);
  if (!text || text->find('\0') != std::string::npos) {
    return std::nullopt;
  }
  return SourceText{
      SourceText::Kind::kCalled, file.lexically_relative(root), "", *std::move(text), 1, 1};
}

std::optional<SourceText> line_of(const ScriptRun& run, const std::string& root,
                                  const std::vector<PackageScript>& scripts) {
  const auto found = std::find_if(scripts.begin(), scripts.end(), [&](const auto& one) {
    return one.folder == run.folder && one.name == run.name;
  });
  if (found == scripts.end()) {
    return std::nullopt;
  }
  const fs::path file = fs::path(run.folder) / "package.json";
  return SourceText{SourceText::Kind::kCalled,
                    file.lexically_relative(root),
                    "",
                    found->body,
                    found->line,
                    found->line};
}

}  // namespace

std::vector<SourceText> files_around(const RecordedCall& call, const std::string& root,
                                     const std::string& base,
                                     const std::vector<PackageScript>& scripts) {
  std::vector<SourceText> sources;
  std::set<std::string> met;
  for (const auto& parent : call.parents) {
    if (auto run = script_run(parent, base)) {
      if (auto line = line_of(*run, root, scripts)) {
        sources.push_back(*std::move(line));
      }
      continue;
    }
    for (const auto& file : files_of(parent)) {
      if (met.insert(file).second) {
        if (auto source = read_source(file, root, base)) {
          sources.push_back(*std::move(source));
        }
      }
    }
  }
  return sources;
}

std::vector<int> scripts_around(const RecordedCall& call, const std::string& base) {
  std::vector<int> numbers;
  for (const auto& parent : call.parents) {
    if (auto run = script_run(parent, base);
        run && std::find(numbers.begin(), numbers.end(), run->call) == numbers.end()) {
      numbers.push_back(run->call);
    }
  }
  return numbers;
}

std::vector<std::pair<RecordedCall, CallFacts>> building_calls(
    std::vector<RecordedCall> calls, const std::vector<std::string>& tools,
    const std::string& base) {
  std::vector<std::vector<int>> around;
  std::set<int> managers;  // whose scripts made further calls
  std::vector<CallFacts> facts;
  for (const auto& call : calls) {
    around.push_back(scripts_around(call, base));
    managers.insert(around.back().begin(), around.back().end());
    facts.push_back(facts_of_call(call, tools));
  }
  std::vector<bool> counts(calls.size());
  const auto within = [&](size_t i, int number) {
    return std::find(around[i].begin(), around[i].end(), number) != around[i].end();
  };
  for (size_t i = 0; i < calls.size(); ++i) {
    counts[i] = facts[i].builds && !managers.contains(calls[i].number);
  }
  // Inner ones first: what they are taken for, those around them need not be.
  for (size_t i = calls.size(); i-- > 0;) {
    if (!facts[i].builds || !managers.contains(calls[i].number)) {
      continue;
    }
    std::vector<size_t> unknown;
    bool told = false;
    for (size_t inner = 0; inner < calls.size(); ++inner) {
      if (within(inner, calls[i].number)) {
        told = told || counts[inner];
        if (!is_known_tool(facts[inner].tool, tools)) {
          unknown.push_back(inner);
        }
      }
    }
    for (size_t inner : told ? std::vector<size_t>() : unknown) {
      counts[inner] = facts[inner].builds = facts[inner].env_reaches = true;
    }
    counts[i] = !told && unknown.empty();
  }
  std::vector<std::pair<RecordedCall, CallFacts>> out;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (counts[i]) {
      out.emplace_back(std::move(calls[i]), std::move(facts[i]));
    }
  }
  return out;
}

}  // namespace relapse::env
