#pragma once
// Small programs that stand still, each in one way. Every file of this folder is a program whose
// first argument picks the case. Files are made in the folder they are started in.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>

using Cases = std::map<std::string, std::function<int()>>;

inline int run_case(int argc, char** argv, const Cases& cases) {
  auto chosen = argc > 1 ? cases.find(argv[1]) : cases.end();
  if (chosen == cases.end()) {
    std::fprintf(stderr, "unknown case\n");
    return 2;
  }
  return chosen->second();
}

inline void must(bool well, const char* what) {
  if (!well) {
    std::perror(what);
    std::_Exit(3);
  }
}

// Forks; the child runs `body` and ends with its value. It shows under `name`.
inline pid_t child_of(const char* name, const std::function<int()>& body) {
  pid_t pid = ::fork();
  must(pid >= 0, "fork");
  if (pid == 0) {
    ::prctl(PR_SET_NAME, name);
    std::_Exit(body());
  }
  return pid;
}

inline int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
  }
  return status == 0 ? 0 : 1;
}

inline int sleep_for_ever() {
  for (;;) {
    ::pause();
  }
}
