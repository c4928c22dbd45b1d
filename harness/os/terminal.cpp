#include "os/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace relapse::os {

bool is_live_terminal(int fd) {
  const char* type = std::getenv("TERM");
  const std::string_view name = type == nullptr ? "" : type;
  return ::isatty(fd) == 1 && !name.empty() && name != "dumb";
}

int terminal_width(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace relapse::os
