#include "model/json_lines.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <vector>

namespace relapse::model {

namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::map<std::string, int> scan() {
    lines_[""] = 1;
    value("", 0);
    return std::move(lines_);
  }

 private:
  // The depth that nlohmann's own parser is used at; a deeper text is not one of ours.
  static constexpr int kDepthMax = 200;

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
      line_ += text_[at_++] == '\n' ? 1 : 0;
    }
  }

  bool take(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) {
      return false;
    }
    ++at_;
    return true;
  }

  std::string string() {
    const size_t start = at_;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      at_ += text_[at_] == '\\' ? 1 : 0;
    }
    at_ = std::min(at_ + 1, text_.size());
    auto parsed = nlohmann::json::parse(text_.substr(start, at_ - start), nullptr, false);
    return parsed.is_string() ? parsed.get<std::string>() : "";
  }

  static std::string escape(const std::string& name) {
    std::string out;
    for (char c : name) {
      out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return out;
  }

  void members(const std::string& pointer, int depth) {
    while (!take('}')) {
      skip_space();
      if (at_ >= text_.size() || text_[at_] != '"') {
        at_ = text_.size();
        return;
      }
      const int line = line_;
      std::string child = pointer + "/" + escape(string());
      lines_[child] = line;
      take(':');
      value(child, depth + 1);
      take(',');
    }
  }

  void elements(const std::string& pointer, int depth) {
    for (int index = 0; !take(']'); ++index) {
      skip_space();
      if (at_ >= text_.size()) {
        return;
      }
      const size_t before = at_;
      std::string child = pointer + "/" + std::to_string(index);
      lines_[child] = line_;
      value(child, depth + 1);
      take(',');
      if (at_ == before) {
        at_ = text_.size();  // no value here: malformed
      }
    }
  }

  void value(const std::string& pointer, int depth) {
    skip_space();
    if (at_ >= text_.size() || depth > kDepthMax) {
      at_ = text_.size();
      return;
    }
    if (take('{')) {
      members(pointer, depth);
    } else if (take('[')) {
      elements(pointer, depth);
    } else if (text_[at_] == '"') {
      string();
    } else {
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  std::map<std::string, int> lines_;
};

}  // namespace

std::map<std::string, int> lines_of_json(std::string_view text) {
  return Scanner(text).scan();
}

int line_of(const std::map<std::string, int>& lines, std::string pointer) {
  for (;;) {
    auto found = lines.find(pointer);
    if (found != lines.end()) {
      return found->second;
    }
    size_t slash = pointer.rfind('/');
    if (slash == std::string::npos) {
      return 0;
    }
    pointer.resize(slash);
  }
}

int line_at(std::string_view text, size_t offset) {
  auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return 1 + static_cast<int>(std::count(text.begin(), end, '\n'));
}

Result<nlohmann::json> parse_json_text(const std::string& text, const std::string& file) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& e) {
    const std::string what = e.what();
    const size_t colon = what.rfind(": ");
    return Error{ErrorKind::kScenario,
                 "not JSON: " + (colon == std::string::npos ? what : what.substr(colon + 2)), "",
                 file, line_at(text, e.byte)};
  }
}

Error locate_error(Error error, const std::string& text, const std::string& file) {
  error.file = file;
  if (error.line == 0) {
    error.line = line_of(lines_of_json(text), error.pointer);
  }
  return error;
}

}  // namespace relapse::model
