#include "golden/golden.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <vector>

#include "os/files.h"

namespace relapse::golden {

namespace {

constexpr size_t kContext = 2;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  if (!text.empty() && text.back() != '\n') {
    lines.emplace_back("\\ no newline at the end");
  }
  return lines;
}

}  // namespace

std::string line_diff(const std::string& want_text, const std::string& have_text) {
  const auto want = lines_of(want_text);
  const auto have = lines_of(have_text);
  const size_t shorter = std::min(want.size(), have.size());
  size_t head = 0;
  while (head < shorter && want[head] == have[head]) {
    ++head;
  }
  size_t tail = 0;
  while (tail < shorter - head && want[want.size() - 1 - tail] == have[have.size() - 1 - tail]) {
    ++tail;
  }
  std::string out = fmt::format("from line {}:\n", head + 1);
  auto add = [&out](char mark, const std::vector<std::string>& lines, size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      out += fmt::format("{} {}\n", mark, lines[i]);
    }
  };
  add(' ', want, head - std::min(head, kContext), head);
  add('-', want, head, want.size() - tail);
  add('+', have, head, have.size() - tail);
  add(' ', want, want.size() - tail, std::min(want.size(), want.size() - tail + kContext));
  return out;
}

std::string difference(const std::string& name, const std::string& text) {
  const std::string path = fmt::format("{}/tests/golden/{}.golden", RELAPSE_SOURCE_DIR, name);
  const char* update = std::getenv("RELAPSE_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    if (auto written = os::write_file_atomically(path, text); !written) {
      return written.error().text();
    }
  }
  const auto golden = os::read_file(path);
  if (!golden) {
    return golden.error().text();
  }
  return *golden == text ? "" : path + " " + line_diff(*golden, text);
}

}  // namespace relapse::golden
