#include "builds/build_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <vector>

namespace relapse::env {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

// The end of the control sequence that begins with the ESC at `at` (ECMA-48): CSI ends with a byte
// of 0x40 to 0x7e, a string (OSC, DCS, …) with BEL or ST, the rest are two bytes long.
size_t end_of_sequence(std::string_view text, size_t at) {
  if (at + 1 >= text.size()) {
    return text.size();
  }
  const char kind = text[at + 1];
  size_t end = at + 2;
  if (kind == '[') {
    while (end < text.size() && (text[end] < 0x40 || text[end] > 0x7e)) {
      ++end;
    }
    return std::min(end + 1, text.size());
  }
  if (kind == ']' || kind == 'P' || kind == '_' || kind == '^') {
    while (end < text.size() && text[end] != '\a' && text[end] != '\x1b') {
      ++end;
    }
    const bool terminator = end + 1 < text.size() && text[end] == '\x1b' && text[end + 1] == '\\';
    return std::min(end + (terminator ? 2 : 1), text.size());
  }
  // "ESC ( B" and its like carry one byte more.
  return std::min(end + (kind >= 0x20 && kind <= 0x2f ? 1 : 0), text.size());
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Digits of a number, not those of a name: "in 12 ms" is "in # ms", but S3_KEY stays.
std::string without_numbers(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (!is_digit(line[i])) {
      out += line[i];
      continue;
    }
    const bool in_name = i > 0 && is_word(line[i - 1]);
    const size_t start = i;
    while (i + 1 < line.size() && is_digit(line[i + 1])) {
      ++i;
    }
    if (in_name) {
      out += line.substr(start, i + 1 - start);
    } else {
      out += '#';
    }
  }
  return out;
}

}  // namespace

std::string plain_text(std::string_view output) {
  std::string out;
  out.reserve(output.size());
  for (size_t i = 0; i < output.size();) {
    if (output[i] == '\x1b') {
      i = end_of_sequence(output, i);
      continue;
    }
    if (output[i] != '\0' && output[i] != '\r') {
      out += output[i];
    }
    ++i;
  }
  return out;
}

bool names_word(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos && !name.empty();
       at = text.find(name, at + 1)) {
    const bool begins = at == 0 || !is_word(text[at - 1]);
    const size_t end = at + name.size();
    if (begins && (end == text.size() || !is_word(text[end]))) {
      return true;
    }
  }
  return false;
}

std::string new_lines(std::string_view output, std::string_view reference) {
  std::map<std::string, int> known;
  for (auto line : lines_of(reference)) {
    ++known[without_numbers(line)];
  }
  std::string out;
  for (auto line : lines_of(output)) {
    auto found = known.find(without_numbers(line));
    if (found != known.end() && found->second > 0) {
      --found->second;
      continue;
    }
    out.append(line).push_back('\n');
  }
  return out;
}

bool speaks_of_error(std::string_view line) {
  constexpr std::array<std::string_view, 8> kSigns = {
      "error", "cannot", "can't", "could not", "missing", "not found", "invalid", "required"};
  std::string lower(line);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [&](auto sign) { return lower.find(sign) != std::string::npos; });
}

std::string telling_line(std::string_view output) {
  constexpr size_t kLongest = 300;  // a sentence of a report, not a log
  std::string last;
  std::string opened;  // a line that speaks of an error and says on the next what it is
  for (auto line : lines_of(output)) {
    const size_t start = std::min(line.find_first_not_of(" \t\r"), line.size());
    line = line.substr(start, kLongest);
    if (line.empty()) {
      continue;
    }
    if (!opened.empty()) {
      return opened + " " + std::string(line);
    }
    const bool speaks = speaks_of_error(line);
    if (speaks && !line.ends_with(':')) {
      return std::string(line);
    }
    opened = speaks ? line : std::string_view();
    last = line;
  }
  return last;
}

}  // namespace relapse::env
