#include "supplied/package_scripts.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "model/fields.h"
#include "model/json_lines.h"
#include "os/files.h"

namespace relapse::env {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// A tree without a bound (a home, a mount) is not walked to its end.
constexpr int kEntriesMax = 200'000;

// The lines of the list that stand-ins read hold one script each.
std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ';');
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return text;
}

void read_scripts(const fs::path& file, std::vector<PackageScript>& out) {
  auto text = os::read_file(file);
  const json package = text ? json::parse(*text, nullptr, false) : json();
  if (!package.is_object() || !package.contains("scripts") || !package["scripts"].is_object()) {
    return;
  }
  const auto lines = model::lines_of_json(*text);
  const json name = package.value("name", json());
  for (const auto& [script, body] : package["scripts"].items()) {
    if (body.is_string()) {
      out.push_back({file.parent_path(), name.is_string() ? name.get<std::string>() : "",
                     in_one_line(script), in_one_line(body.get<std::string>()),
                     model::line_of(lines, "/scripts/" + model::pointer_part(script))});
    }
  }
}

bool is_program_part(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

bool is_shell_word(std::string_view word) {
  static constexpr std::array<std::string_view, 28> kWords = {
      "if",    "then", "else", "elif", "fi",    "for",    "do",      "done",  "while", "until",
      "case",  "esac", "in",   "cd",   "set",   "export", "unset",   "exit",  "exec",  "eval",
      "shift", "wait", "trap", "read", "local", "return", "command", "source"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool has_system(const std::string& program) {
  static constexpr std::array<const char*, 5> kFolders = {"/usr/local/bin/", "/usr/bin/", "/bin/",
                                                          "/usr/sbin/", "/sbin/"};
  return std::any_of(kFolders.begin(), kFolders.end(), [&](const char* folder) {
    std::error_code error;
    return fs::exists(folder + program, error);
  });
}

}  // namespace

std::vector<PackageScript> find_package_scripts(const std::string& root) {
  std::vector<PackageScript> out;
  std::error_code error;
  int entries = 0;
  for (fs::recursive_directory_iterator
           at(root, fs::directory_options::skip_permission_denied, error),
       end;
       !error && at != end && entries < kEntriesMax; at.increment(error), ++entries) {
    const std::string name = at->path().filename();
    std::error_code ignored;
    if (name == "node_modules" || name == ".git") {
      at.disable_recursion_pending();
    } else if (name == "package.json" && at->is_regular_file(ignored)) {
      read_scripts(at->path(), out);
    }
  }
  return out;
}

std::vector<std::string> foreign_programs(const std::vector<PackageScript>& scripts) {
  std::set<std::string> words;
  for (const auto& script : scripts) {
    const std::string& body = script.body;
    for (size_t at = 0; at < body.size();) {
      size_t end = at;
      while (end < body.size() && is_program_part(body[end])) {
        ++end;
      }
      // A whole word, and no part of a path, a variable or an assignment.
      const bool free =
          at == 0 || std::string_view(" ;&|(").find(body[at - 1]) != std::string::npos;
      const bool over =
          end == body.size() || std::string_view(" ;&|)").find(body[end]) != std::string::npos;
      if (free && over && end > at && std::isalpha(static_cast<unsigned char>(body[at])) != 0) {
        words.insert(body.substr(at, end - at));
      }
      at = std::max(end, at + 1);
    }
  }
  std::vector<std::string> out;
  std::copy_if(words.begin(), words.end(), std::back_inserter(out),
               [](const auto& word) { return !is_shell_word(word) && !has_system(word); });
  return out;
}

}  // namespace relapse::env
