// two_downloads bad|good PORT FOLDER
//
// Asks for an index and for the pages at once, in one thread, and takes the replies as they come.
// `bad` relies on the index coming first, as it always does; `good` keeps the pages until then.

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

int ask(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
    std::perror("two_downloads");
    std::exit(2);
  }
  return fd;
}

void keep(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || ::write(fd, text.data(), text.size()) < 0 || ::close(fd) != 0) {
    std::perror(path.c_str());
    std::exit(2);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    return 2;
  }
  const bool good = std::string(argv[1]) == "good";
  const int port = std::atoi(argv[2]);
  const std::string folder = argv[3];
  std::array<pollfd, 2> set = {pollfd{ask(port, "/index.tar.gz"), POLLIN, 0},
                               pollfd{ask(port, "/pages.tar.gz"), POLLIN, 0}};
  std::array<std::string, 2> texts;
  bool has_index = false;
  bool pages_wait = false;
  while (set[0].fd >= 0 || set[1].fd >= 0) {
    if (::poll(set.data(), set.size(), -1) < 0) {
      return 2;
    }
    for (size_t i = 0; i < set.size(); ++i) {
      if (set[i].fd < 0 || set[i].revents == 0) {
        continue;
      }
      std::array<char, 4096> chunk{};
      const ssize_t size = ::read(set[i].fd, chunk.data(), chunk.size());
      if (size > 0) {
        texts[i].append(chunk.data(), static_cast<size_t>(size));
        continue;
      }
      ::close(set[i].fd);
      set[i].fd = -1;
      if (i == 0) {
        keep(folder + "/index", texts[0]);
        has_index = true;
      } else if (has_index || !good) {
        keep(folder + "/pages", texts[1]);
      } else {
        pages_wait = true;
      }
      if (i == 1 && !good && !has_index) {
        std::fputs("two_downloads: pages without an index\n", stderr);
        return 1;
      }
    }
  }
  if (pages_wait) {
    keep(folder + "/pages", texts[1]);
  }
  return 0;
}
