#include "model/drawn_names.h"

#include <algorithm>
#include <cctype>

namespace relapse::model {

namespace {

// mktemp(3) draws six characters, of which two may be equal by chance; and a number that differs
// from run to run rather than from file to file (a time, an address) has as many digits.
constexpr size_t kDrawnMin = 6;
constexpr size_t kDifferingMin = 4;

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// The first component of a path, which is taken off it.
std::string take_component(std::string_view& path) {
  const size_t slash = path.find('/');
  std::string out(path.substr(0, slash));
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  return out;
}

}  // namespace

bool differ_as_drawn(const std::string& a, const std::string& b) {
  const auto head = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  auto from = static_cast<size_t>(head.first - a.begin());
  const size_t shorter = std::min(a.size(), b.size());
  size_t tail = 0;
  while (tail < shorter - from && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    ++tail;
  }
  const std::string in_a = a.substr(from, a.size() - tail - from);
  const std::string in_b = b.substr(from, b.size() - tail - from);
  const bool digits = std::all_of(in_a.begin(), in_a.end(), is_digit) &&
                      std::all_of(in_b.begin(), in_b.end(), is_digit);
  auto belongs = digits ? is_digit : is_word;
  if (!std::all_of(in_a.begin(), in_a.end(), belongs) ||
      !std::all_of(in_b.begin(), in_b.end(), belongs)) {
    return false;
  }
  // What is equal by chance at both ends was drawn as well.
  size_t equal = 0;
  while (from > 0 && belongs(a[from - 1])) {
    --from;
    ++equal;
  }
  for (size_t i = a.size() - tail; i < a.size() && belongs(a[i]); ++i) {
    ++equal;
  }
  const size_t differing = std::min(in_a.size(), in_b.size());
  return differing + equal >= kDrawnMin && (digits || differing >= kDifferingMin);
}

bool DrawnNames::match(const std::string& recorded, const std::string& found,
                       Names& learned) const {
  std::string_view left = recorded;
  std::string_view right = found;
  while (!left.empty() && !right.empty()) {
    const std::string a = take_component(left);
    const std::string b = take_component(right);
    const auto known = found_by_recorded_.find(a);
    if (known != found_by_recorded_.end() ? known->second == b
                                          : a == b && !recorded_by_found_.contains(b)) {
      continue;
    }
    if (known != found_by_recorded_.end() || recorded_by_found_.contains(b) ||
        !differ_as_drawn(a, b)) {
      return false;
    }
    learned[a] = b;
  }
  return left.empty() && right.empty();
}

bool DrawnNames::alike(const ScheduleEvent& recorded, const ScheduleEvent& found) const {
  Names learned;
  return recorded.actor == found.actor && recorded.call == found.call &&
         recorded.occurrence == found.occurrence &&
         std::equal(recorded.paths.begin(), recorded.paths.end(), found.paths.begin(),
                    found.paths.end(),
                    [&](const auto& a, const auto& b) { return match(a, b, learned); });
}

bool DrawnNames::accept(const ScheduleEvent& recorded, const ScheduleEvent& found) {
  if (!alike(recorded, found)) {
    return false;
  }
  for (size_t i = 0; i < recorded.paths.size(); ++i) {
    Names learned;
    match(recorded.paths[i], found.paths[i], learned);
    for (const auto& [a, b] : learned) {
      found_by_recorded_[a] = b;
      recorded_by_found_[b] = a;
    }
  }
  return true;
}

}  // namespace relapse::model
