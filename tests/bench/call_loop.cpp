// What is measured: threads that make and remove folders, each its own.
// Usage: call_loop THREADS CALLS FOLDER. Prints the microseconds of wall time per call.

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4) {
    return 2;
  }
  int threads = std::atoi(argv[1]);
  int calls = std::atoi(argv[2]);
  std::string folder = argv[3];
  std::latch ready(threads + 1);
  std::vector<std::thread> workers;
  workers.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&, path = folder + "/" + std::to_string(i)] {
      ready.arrive_and_wait();
      for (int call = 0; call < calls / 2; ++call) {
        if (::mkdir(path.c_str(), 0755) != 0 || ::rmdir(path.c_str()) != 0) {
          std::perror(path.c_str());
          std::_Exit(1);
        }
      }
    });
  }
  ready.arrive_and_wait();
  auto began = std::chrono::steady_clock::now();
  for (auto& worker : workers) {
    worker.join();
  }
  std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
  std::printf("%.3f\n", took.count() / (static_cast<double>(threads) * calls));
  return 0;
}
