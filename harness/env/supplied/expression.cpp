#include "supplied/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "model/nearest.h"
#include "supplied/expression_values.h"

namespace relapse::env {

using model::Error;
using model::ErrorKind;
using model::Result;
using nlohmann::json;

namespace {

Error syntax(std::string message) {
  return {ErrorKind::kScenario, std::move(message)};
}

// What the service knows; another word is a misspelling, which it refuses too.
constexpr std::array<std::string_view, 12> kContexts = {"github",   "env",    "vars",   "job",
                                                        "jobs",     "steps",  "runner", "secrets",
                                                        "strategy", "matrix", "needs",  "inputs"};

// Recursive descent: or, and, equality, order, not, member. Both sides of || and && are computed,
// which nothing can tell from the outside: there are no side effects but notes.
class Parser {
 public:
  Parser(std::string_view text, const ExpressionScope& scope) : text_(text), scope_(scope) {}

  Result<Evaluated> run() {
    auto value = either();
    if (!value) {
      return value.error();
    }
    space();
    if (at_ < text_.size()) {
      return syntax(fmt::format("'{}' is not expected", text_.substr(at_, 1)));
    }
    out_.value = std::move(*value);
    return std::move(out_);
  }

 private:
  static constexpr int kDeepest = 100;

  void space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
      ++at_;
    }
  }

  bool take(std::string_view token) {
    space();
    if (text_.substr(at_, token.size()) != token) {
      return false;
    }
    at_ += token.size();
    return true;
  }

  bool is_next(char c) {
    space();
    return at_ < text_.size() && text_[at_] == c;
  }

  // The value decides, not its truth: `a && b || c` gives c where b is "".
  Result<json> either() {
    auto left = both();
    while (left && take("||")) {
      const size_t missing = out_.missing.size();
      auto right = both();
      if (!right) {
        return right;
      }
      if (is_true(*left)) {
        out_.missing.resize(missing);  // it was not needed
      } else {
        left = std::move(right);
      }
    }
    return left;
  }

  Result<json> both() {
    auto left = equality();
    while (left && take("&&")) {
      auto right = equality();
      if (!right) {
        return right;
      }
      if (is_true(*left)) {
        left = std::move(right);
      }
    }
    return left;
  }

  Result<json> equality() {
    auto left = order();
    for (;;) {
      const bool same = left && take("==");
      if (!left || (!same && !take("!="))) {
        return left;
      }
      auto right = order();
      if (!right) {
        return right;
      }
      left = json((compare(*left, *right) == 0) == same);
    }
  }

  Result<json> order() {
    auto left = negation();
    for (;;) {
      if (!left) {
        return left;
      }
      const bool less_same = take("<=");
      const bool more_same = !less_same && take(">=");
      const bool less = !less_same && !more_same && take("<");
      const bool more = !less_same && !more_same && !less && take(">");
      if (!less_same && !more_same && !less && !more) {
        return left;
      }
      auto right = negation();
      if (!right) {
        return right;
      }
      const auto result = compare(*left, *right);
      left = json(result && ((less_same && *result <= 0) || (more_same && *result >= 0) ||
                             (less && *result < 0) || (more && *result > 0)));
    }
  }

  Result<json> negation() {
    space();
    if (text_.substr(at_, 2) != "!=" && take("!")) {
      if (++depth_ > kDeepest) {
        return syntax("nested too deeply");
      }
      auto value = negation();
      --depth_;
      return value ? Result<json>(json(!is_true(*value))) : value;
    }
    return member();
  }

  Result<json> member() {
    std::string path;
    auto value = primary(path);
    while (value && (is_next('.') || is_next('['))) {
      value = is_next('.') ? by_name(*value, path) : by_index(*value, path);
    }
    return value;
  }

  // .name, .*
  Result<json> by_name(const json& object, std::string& path) {
    take(".");
    if (take("*")) {
      json all = json::array();
      for (const auto& one : object) {
        all.push_back(one);
      }
      filtered_ = true;
      return all;
    }
    const std::string name = word();
    if (name.empty()) {
      return syntax("a name is missing after '.'");
    }
    return look_up(object, name, path);
  }

  Result<json> by_index(const json& object, std::string& path) {
    take("[");
    if (take("*")) {
      json all = json::array();
      for (const auto& one : object) {
        all.push_back(one);
      }
      filtered_ = true;
      return take("]") ? Result<json>(all) : syntax("']' is missing");
    }
    if (++depth_ > kDeepest) {
      return syntax("nested too deeply");
    }
    auto index = either();
    --depth_;
    if (!index) {
      return index;
    }
    if (!take("]")) {
      return syntax("']' is missing");
    }
    if (object.is_array()) {
      const double at = to_number(*index);
      const bool there = at >= 0 && at < static_cast<double>(object.size());
      return there ? object[static_cast<size_t>(at)] : json();
    }
    return look_up(object, to_text(*index), path);
  }

  Result<json> look_up(const json& object, const std::string& name, std::string& path) {
    if (object.is_array() && filtered_) {  // a.*.name
      json all = json::array();
      for (const auto& one : object) {
        if (const json* found = find_member(one, name)) {
          all.push_back(*found);
        }
      }
      return all;
    }
    const json* found = find_member(object, name);
    const bool context = path == "vars" || path == "secrets" || path == "inputs" || path == "env" ||
                         path == "matrix";
    path += "." + name;
    if (found == nullptr && context) {
      out_.missing.push_back(path);
    }
    return found == nullptr ? json() : *found;
  }

  std::string word() {
    space();
    const size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '_' || text_[at_] == '-')) {
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  Result<json> primary(std::string& path) {
    filtered_ = false;
    space();
    if (at_ >= text_.size()) {
      return syntax("the expression ends too early");
    }
    const char c = text_[at_];
    if (c == '\'') {
      return text_literal();
    }
    if (take("(")) {
      if (++depth_ > kDeepest) {
        return syntax("nested too deeply");
      }
      auto value = either();
      --depth_;
      return !value || take(")") ? value : syntax("')' is missing");
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.') {
      return number_literal();
    }
    const std::string name = word();
    if (name.empty()) {
      return syntax(c == '"' ? "texts stand in single quotes"
                             : fmt::format("'{}' is not expected", c));
    }
    if (is_next('(')) {
      return call(name);
    }
    return named(name, path);
  }

  Result<json> named(const std::string& name, std::string& path) {
    if (name == "true" || name == "false") {
      return json(name == "true");
    }
    if (name == "null") {
      return json();
    }
    if (name == "NaN" || name == "Infinity") {
      return json(name == "NaN" ? std::nan("") : HUGE_VAL);
    }
    path = name;
    std::transform(path.begin(), path.end(), path.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::find(kContexts.begin(), kContexts.end(), path) == kContexts.end()) {
      return Error{ErrorKind::kScenario, fmt::format("there is no context '{}'", name),
                   model::suggestion(name, {kContexts.begin(), kContexts.end()})};
    }
    const json* found = find_member(scope_.contexts, path);
    return found == nullptr ? json(json::object()) : *found;
  }

  Result<json> text_literal() {
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '\'') {
        out += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '\'') {
        out += '\'';
        ++at_;
      } else {
        ++at_;
        return json(out);
      }
    }
    return syntax("a text has no closing quote");
  }

  Result<json> number_literal() {
    const size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '.' || text_[at_] == '-' || text_[at_] == '+')) {
      ++at_;
    }
    const std::string digits(text_.substr(start, at_ - start));
    const double number = to_number(json(digits));
    return std::isnan(number) ? Result<json>(syntax(fmt::format("'{}' is no number", digits)))
                              : Result<json>(json(number));
  }

  Result<json> call(const std::string& name) {
    take("(");
    if (++depth_ > kDeepest) {
      return syntax("nested too deeply");
    }
    std::vector<json> arguments;
    while (!is_next(')')) {
      if (!arguments.empty() && !take(",")) {
        return syntax("',' or ')' is missing");
      }
      auto value = either();
      if (!value) {
        return value;
      }
      arguments.push_back(std::move(*value));
    }
    take(")");
    --depth_;
    return call_function(name, arguments, scope_, out_.notes);
  }

  std::string_view text_;
  const ExpressionScope& scope_;
  size_t at_ = 0;
  int depth_ = 0;
  bool filtered_ = false;  // the value at hand came from `.*`
  Evaluated out_;
};

// The end of the expression that begins at `start`: "}}" outside of quotes.
size_t end_of_expression(std::string_view text, size_t start) {
  bool quoted = false;
  for (size_t at = start; at + 1 < text.size(); ++at) {
    quoted = text[at] == '\'' ? !quoted : quoted;
    if (!quoted && text.substr(at, 2) == "}}") {
      return at;
    }
  }
  return std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

Result<Evaluated> evaluate(std::string_view expression, const ExpressionScope& scope) {
  return Parser(expression, scope).run();
}

Result<Interpolated> interpolate(std::string_view text, const ExpressionScope& scope) {
  Interpolated out;
  for (;;) {
    const size_t open = text.find("${{");
    out.text += text.substr(0, open);
    if (open == std::string_view::npos) {
      return out;
    }
    const size_t close = end_of_expression(text, open + 3);
    if (close == std::string_view::npos) {
      return syntax("'${{' has no '}}'");
    }
    auto value = evaluate(text.substr(open + 3, close - open - 3), scope);
    if (!value) {
      return value.error();
    }
    out.text += to_text(value->value);
    out.missing.insert(out.missing.end(), value->missing.begin(), value->missing.end());
    out.notes.insert(out.notes.end(), value->notes.begin(), value->notes.end());
    text.remove_prefix(close + 2);
  }
}

Result<Evaluated> evaluate_text(std::string_view text, const ExpressionScope& scope) {
  const std::string_view inner = trimmed(text);
  if (inner.starts_with("${{") && end_of_expression(inner, 3) + 2 == inner.size()) {
    return evaluate(inner.substr(3, inner.size() - 5), scope);
  }
  auto whole = interpolate(text, scope);
  if (!whole) {
    return whole.error();
  }
  return Evaluated{json(whole->text), whole->missing, whole->notes};
}

Result<bool> evaluate_condition(std::string_view text, const ExpressionScope& scope) {
  const std::string_view inner = trimmed(text);
  auto value = inner.find("${{") == std::string_view::npos ? evaluate(inner, scope)
                                                           : evaluate_text(inner, scope);
  if (!value) {
    return value.error();
  }
  static constexpr std::array<std::string_view, 4> kStatus = {"success(", "failure(", "always(",
                                                              "cancelled("};
  const bool asks_status = std::any_of(kStatus.begin(), kStatus.end(), [&](std::string_view word) {
    return inner.find(word) != std::string_view::npos;
  });
  return is_true(value->value) && (asks_status || !scope.failed);
}

}  // namespace relapse::env
