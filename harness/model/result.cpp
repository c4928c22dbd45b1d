#include "model/result.h"

#include <fmt/format.h>

#include <cstring>

namespace relapse::model {

std::string Error::text() const {
  std::string out;
  if (!file.empty()) {
    out += line > 0 ? fmt::format("{}:{}: ", file, line) : fmt::format("{}: ", file);
  }
  out += message;
  if (!remedy.empty()) {
    out += fmt::format(" ({})", remedy);
  }
  return out;
}

Error system_error(std::string what, int errno_value) {
  return {ErrorKind::kSystem, fmt::format("{}: {}", what, std::strerror(errno_value)), "", "", 0};
}

}  // namespace relapse::model
