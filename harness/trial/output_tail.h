#pragma once
// The last lines of what a subject wrote, however much it writes.

#include <cstdint>
#include <string>
#include <string_view>

namespace relapse::run {

class OutputTail {
 public:
  explicit OutputTail(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void add(std::string_view text) {
    total_bytes_ += text.size();
    kept_.append(text);
    // Cut rarely, so that adding stays cheap.
    if (kept_.size() > 2 * limit_bytes_) {
      kept_.erase(0, kept_.size() - limit_bytes_);
    }
  }

  std::uint64_t total_bytes() const { return total_bytes_; }

  // At most the limit, from the start of a line where there is one.
  std::string text() const {
    if (kept_.size() <= limit_bytes_) {
      return kept_;
    }
    std::string tail = kept_.substr(kept_.size() - limit_bytes_);
    size_t line = tail.find('\n');
    return line == std::string::npos ? tail : tail.substr(line + 1);
  }

 private:
  size_t limit_bytes_;
  std::uint64_t total_bytes_ = 0;
  std::string kept_;
};

}  // namespace relapse::run
