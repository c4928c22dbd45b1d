#include "supplied/recorder.h"

#include <fmt/format.h>

#include <algorithm>

#include "supplied/stand_ins.h"

namespace relapse::env {

namespace {

constexpr std::string_view kMark = "relapse-recorded:";
// As many as a stand-in writes down.
constexpr size_t kParentsMax = 64;

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out + "'";
}

// As the runner starts them; "{0}" is the script.
std::string shell_line(const std::string& shell, const std::string& script) {
  if (shell.empty()) {
    return "bash -e " + script;
  }
  if (shell == "bash") {
    return "bash --noprofile --norc -eo pipefail " + script;
  }
  if (shell == "sh") {
    return "sh -e " + script;
  }
  if (shell == "python") {
    return "python3 " + script;
  }
  const size_t hole = shell.find("{0}");
  return hole == std::string::npos ? shell + " " + script
                                   : shell.substr(0, hole) + script + shell.substr(hole + 3);
}

// One step: its folder, its environment and nothing else, its output out of the way.
std::string step_runner(const StepScript& script, const std::string& folder) {
  std::string out = "cd " + shell_quoted(script.folder) + " || exit 1\nexec /usr/bin/env -i";
  for (const auto& [name, value] : script.env) {
    out += " \\\n  " + shell_quoted(name + "=" + value);
  }
  return out + " \\\n  " + shell_line(script.shell, folder + "/script") + "\n";
}

std::string driver(size_t steps) {
  std::string out = R"(emit() { printf '\n%s%s ' ')" + std::string(kMark) + R"(' "$1"
  [ -f "$2" ] && od -An -v -tx1 "$2" | tr -d ' \n'; printf '\n'; }
)";
  for (size_t i = 0; i < steps; ++i) {
    const bool last = i + 1 == steps;
    out += fmt::format(
        "rm -rf @BASE@/calls; mkdir -p @BASE@/calls\n"
        "bash @BASE@/step{0}/run </dev/null >@BASE@/step{0}/log 2>&1\n{1}",
        i, last ? "code=$?\n" : "");
  }
  out += fmt::format(R"(for name in github_env github_output github_path; do
  emit $name @BASE@/step{}/$name
done
for call in $(ls @BASE@/calls | sort -n); do
  for file in argv env folder; do emit $call/$file @BASE@/calls/$call/$file; done
  for file in $(ls @BASE@/calls/$call | grep -E '^(file|parent)'); do
    emit $call/$file @BASE@/calls/$call/$file
  done
done
printf '\n%sexit %s\n' '{}' "$code"
)",
                     steps - 1, kMark);
  return out;
}

model::WorldFile file(std::string path, std::string content, unsigned mode) {
  return {model::WorldFile::Kind::kFile, std::move(path), std::move(content), mode};
}

std::string from_hex(std::string_view text) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
  };
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    out += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find(mark), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void fill_call(RecordedCall& call, const std::string& what, const std::string& content) {
  if (what == "argv") {
    call.argv = split(content, '\0');
  } else if (what == "folder") {
    call.folder = content.substr(0, content.find('\n'));
  } else if (what == "env") {
    for (const auto& one : split(content, '\0')) {
      const size_t equals = one.find('=');
      if (equals != std::string::npos) {
        call.env[one.substr(0, equals)] = one.substr(equals + 1);
      }
    }
  } else if (what.starts_with("file")) {
    call.env_files[what.substr(4)] = content;
  } else if (what.starts_with("parent")) {
    auto words = split(content, '\0');
    const size_t at = static_cast<size_t>(std::atoi(what.c_str() + 6));
    if (!words.empty() && at < kParentsMax) {
      call.parents.resize(std::max(call.parents.size(), at + 1));
      call.parents[at] = {words.front(), {words.begin() + 1, words.end()}};
    }
  }
}

}  // namespace

WorldCommand step_command(const std::vector<StepScript>& scripts,
                          const std::vector<std::string>& tools,
                          const std::vector<PackageScript>& packages, const std::string& root,
                          const std::string& base) {
  WorldCommand command;
  command.argv = {"bash", base + "/driver"};
  command.folder = root;
  command.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}};
  command.files.push_back(file(base + "/driver", with_base(driver(scripts.size()), base), 0644));
  for (auto& one : stand_ins(tools, packages, root, base)) {
    command.files.push_back(std::move(one));
  }
  for (size_t i = 0; i < scripts.size(); ++i) {
    StepScript script = scripts[i];
    const std::string folder = fmt::format("{}/step{}", base, i);
    for (const char* name : {"github_env", "github_output", "github_path", "step_summary"}) {
      command.files.push_back(file(folder + "/" + name, "", 0644));
    }
    script.env["GITHUB_ENV"] = folder + "/github_env";
    script.env["GITHUB_OUTPUT"] = folder + "/github_output";
    script.env["GITHUB_PATH"] = folder + "/github_path";
    script.env["GITHUB_STEP_SUMMARY"] = folder + "/step_summary";
    script.env["PATH"] = base + "/bin:" + script.env["PATH"];
    command.files.push_back(file(folder + "/script", script.text, 0644));
    command.files.push_back(file(folder + "/run", step_runner(script, folder), 0644));
  }
  return command;
}

StepEnd parse_step_end(std::string_view output) {
  StepEnd end;
  std::map<int, RecordedCall> calls;
  for (const auto& line : split(output, '\n')) {
    if (!line.starts_with(kMark)) {
      continue;
    }
    const std::string rest = line.substr(kMark.size());
    const size_t space = std::min(rest.find(' '), rest.size());
    const std::string name = rest.substr(0, space);
    const std::string value = space < rest.size() ? rest.substr(space + 1) : "";
    const size_t slash = name.find('/');
    if (name == "exit") {
      end.ended = true;
      end.exit_code = std::atoi(value.c_str());
    } else if (name == "github_env") {
      end.github_env = from_hex(value);
    } else if (name == "github_output") {
      end.github_output = from_hex(value);
    } else if (name == "github_path") {
      end.github_path = from_hex(value);
    } else if (slash != std::string::npos) {
      fill_call(calls[std::atoi(name.c_str())], name.substr(slash + 1), from_hex(value));
    }
  }
  for (auto& [number, call] : calls) {
    call.number = number;
    end.calls.push_back(std::move(call));
  }
  return end;
}

std::map<std::string, std::string> parse_github_file(std::string_view text) {
  std::map<std::string, std::string> out;
  const auto lines = split(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    const size_t equals = line.find('=');
    const size_t block = line.find("<<");
    if (block != std::string::npos && (equals == std::string::npos || block < equals)) {
      const std::string end = line.substr(block + 2);
      std::string value;
      for (++i; i < lines.size() && lines[i] != end; ++i) {
        value += (value.empty() ? "" : "\n") + lines[i];
      }
      out[line.substr(0, block)] = value;
    } else if (equals != std::string::npos) {
      out[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  return out;
}

}  // namespace relapse::env
