// Servers that do not reply, do not accept, or are just idle.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>

#include "subject.h"

namespace {

int listen_tcp(sockaddr_in* at) {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  must(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  must(::listen(fd, 4) == 0, "listen");
  socklen_t size = sizeof *at;
  must(::getsockname(fd, reinterpret_cast<sockaddr*>(at), &size) == 0, "getsockname");
  return fd;
}

int listen_unix(sockaddr_un* at) {
  int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  at->sun_family = AF_UNIX;
  std::snprintf(at->sun_path, sizeof at->sun_path, "socket");
  must(::bind(fd, reinterpret_cast<sockaddr*>(at), sizeof *at) == 0, "bind");
  must(::listen(fd, 4) == 0, "listen");
  return fd;
}

int ask(int family, const void* address, socklen_t size) {
  int fd = ::socket(family, SOCK_STREAM, 0);
  must(::connect(fd, static_cast<const sockaddr*>(address), size) == 0, "connect");
  must(::write(fd, "request\n", 8) == 8, "write");
  std::array<char, 64> reply{};
  return ::read(fd, reply.data(), reply.size()) > 0 ? 0 : 1;
}

// The server accepts and takes the request; `then` is what it does instead of answering.
int with_server(const std::function<int(int)>& then) {
  sockaddr_in address{};
  int listener = listen_tcp(&address);
  pid_t server = child_of("server", [&] { return then(listener); });
  ::close(listener);
  int result = ask(AF_INET, &address, sizeof address);
  wait_for(server);
  return result;
}

int accept_and_read(int listener) {
  int connection = ::accept(listener, nullptr, nullptr);
  std::array<char, 64> request{};
  must(::read(connection, request.data(), request.size()) > 0, "read");
  return connection;
}

int no_reply() {
  return with_server([](int listener) {
    accept_and_read(listener);
    return sleep_for_ever();
  });
}

// Both sides listen on the same connection.
int reads_on() {
  return with_server([](int listener) {
    int connection = accept_and_read(listener);
    char more = 0;
    return ::read(connection, &more, 1) > 0 ? 0 : 1;
  });
}

int never_accepts() {
  return with_server([](int) { return sleep_for_ever(); });
}

int unix_no_reply() {
  sockaddr_un address{};
  int listener = listen_unix(&address);
  child_of("server", [&] {
    accept_and_read(listener);
    return sleep_for_ever();
  });
  ::close(listener);
  return ask(AF_UNIX, &address, sizeof address);
}

int unix_never_accepts() {
  sockaddr_un address{};
  int listener = listen_unix(&address);
  child_of("server", sleep_for_ever);
  ::close(listener);
  return ask(AF_UNIX, &address, sizeof address);
}

int idle_server() {
  sockaddr_in address{};
  int listener = listen_tcp(&address);
  return ::accept(listener, nullptr, nullptr) >= 0 ? 0 : 1;
}

// The parent reads the server's output until it ends, which it never does.
int server_as_child() {
  std::array<int, 2> out{};
  must(::pipe(out.data()) == 0, "pipe");
  child_of("server", [&] {
    ::dup2(out[1], 1);
    ::close(out[0]);
    ::close(out[1]);
    return idle_server();
  });
  ::close(out[1]);
  char byte = 0;
  return ::read(out[0], &byte, 1) > 0 ? 1 : 0;
}

// Asks somebody outside: the port comes in the environment.
int ask_outside() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(std::getenv("PORT"))));
  return ask(AF_INET, &address, sizeof address);
}

int reply_after_4s() {
  return with_server([](int listener) {
    int connection = accept_and_read(listener);
    ::sleep(4);
    return ::write(connection, "reply\n", 6) == 6 ? 0 : 1;
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_case(argc, argv,
                  {{"no-reply", no_reply},
                   {"reads-on", reads_on},
                   {"never-accepts", never_accepts},
                   {"unix-no-reply", unix_no_reply},
                   {"unix-never-accepts", unix_never_accepts},
                   {"idle-server", idle_server},
                   {"server-as-child", server_as_child},
                   {"ask-outside", ask_outside},
                   {"reply-4s", reply_after_4s}});
}
