#include "wanted/env_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "os/files.h"

namespace relapse::env {

using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view trimmed(std::string_view text) {
  const size_t start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) {
    return {};
  }
  return text.substr(start, text.find_last_not_of(kSpace) + 1 - start);
}

// Where the closing quote is; npos: nowhere.
size_t closing_quote(std::string_view text, size_t from, char quote) {
  for (size_t i = from; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    switch (next) {
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case '"':
      case '\\':
      case '$':
        out += next;
        break;
      default:
        out += '\\';
        out += next;
    }
  }
  return out;
}

std::string plain_value(std::string_view text) {
  // A comment needs a space in front: a value may hold a #.
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) {
      text = text.substr(0, i);
      break;
    }
  }
  return std::string(trimmed(text));
}

}  // namespace

bool is_variable_name(std::string_view name) {
  auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

Result<std::map<std::string, EnvEntry>> parse_env_text(std::string_view text,
                                                       const std::string& file) {
  std::map<std::string, EnvEntry> entries;
  int line = 1;
  for (size_t at = 0; at < text.size(); ++line) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string_view row = trimmed(text.substr(at, end - at));
    if (row.starts_with("export ") || row.starts_with("export\t")) {
      row = trimmed(row.substr(7));
    }
    if (row.empty() || row.front() == '#') {
      at = end + 1;
      continue;
    }
    const size_t equals = row.find('=');
    const auto name = trimmed(row.substr(0, equals));
    if (equals == std::string_view::npos || !is_variable_name(name)) {
      return Error{ErrorKind::kUsage, "this is not NAME=VALUE",
                   "a value over several lines stands in double quotes", file, line};
    }
    const int first_line = line;
    const std::string_view value = trimmed(row.substr(equals + 1));
    std::string result;
    if (!value.empty() && (value.front() == '"' || value.front() == '\'')) {
      const size_t start = static_cast<size_t>(value.data() - text.data()) + 1;
      const size_t close = closing_quote(text, start, value.front());
      if (close == std::string_view::npos) {
        return Error{ErrorKind::kUsage, "the value's quote is not closed", "", file, line};
      }
      const auto inside = text.substr(start, close - start);
      result = value.front() == '"' ? unescaped(inside) : std::string(inside);
      line += static_cast<int>(std::count(inside.begin(), inside.end(), '\n'));
      end = std::min(text.find('\n', close), text.size());
    } else {
      result = plain_value(value);
    }
    entries[std::string(name)] = {std::move(result), first_line};
    at = end + 1;
  }
  return entries;
}

Result<std::map<std::string, EnvEntry>> read_env_file(const std::string& file) {
  auto text = os::read_file(file);
  if (!text) {
    return Error{ErrorKind::kUsage, text.error().message, "it takes a file of NAME=VALUE lines"};
  }
  return parse_env_text(*text, file);
}

}  // namespace relapse::env
