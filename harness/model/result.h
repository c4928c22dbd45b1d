#pragma once
// Errors as values: the only way in which a function of ours says that it could not do its work.

#include <string>
#include <utility>
#include <variant>

namespace relapse::model {

// Who has to act; decides the exit code (see exit_code.h), never the wording.
enum class ErrorKind {
  kUsage,        // the command line
  kScenario,     // a file that the user wrote: scenario, subjects, contract
  kUnavailable,  // this host or this checkout lacks something: a subject, a kernel feature
  kSystem,       // a call failed that should not have
};

struct Error {
  ErrorKind kind = ErrorKind::kSystem;
  std::string message;  // one sentence, no trailing newline: what could not be done, and why
  std::string remedy;   // what the user may do about it; may be empty
  std::string file;     // for kScenario: where; may be empty
  int line = 0;         // 1-based; 0 when unknown
  std::string pointer;  // where in a JSON document (RFC 6901), until a line is known

  Error() = default;
  Error(ErrorKind kind, std::string message, std::string remedy = "", std::string file = "",
        int line = 0)
      : kind(kind),
        message(std::move(message)),
        remedy(std::move(remedy)),
        file(std::move(file)),
        line(line) {}

  // "file:line: message (remedy)", as far as the parts are there.
  std::string text() const;
};

// kSystem with strerror: `what` names the operation and its object ("open /proc/7/stat").
Error system_error(std::string what, int errno_value);

// Returns the error of a step from the enclosing function; its value, if any, is not wanted.
#define RELAPSE_TRY(step)                 \
  if (auto tried = (step); !tried.ok()) { \
    return std::move(tried).error();      \
  }                                       \
  static_assert(true, "so that a semicolon follows")

struct Done {};  // the value of an operation that only succeeds

// A value or an Error. Callers look before they take: taking the wrong one throws
// std::bad_variant_access, which is a defect of the caller.
template <typename T = Done>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }

  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace relapse::model
