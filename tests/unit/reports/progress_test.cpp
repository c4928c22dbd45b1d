#include "reports/progress.h"

#include <chrono>
#include <memory>
#include <sstream>
#include <string>

#include "catch.h"
#include "reports/text.h"

using relapse::reports::display_width;
using relapse::reports::Progress;
using std::chrono::milliseconds;

namespace {

// What is left on the last line of a terminal that knows "\r" and "erase to the end".
std::string last_line(const std::string& written) {
  std::string line;
  for (size_t i = 0; i < written.size(); ++i) {
    if (written[i] == '\n') {
      line.clear();
    } else if (written.compare(i, 4, "\r\x1b[K") == 0) {
      line.clear();
      i += 3;
    } else {
      line += written[i];
    }
  }
  return line;
}

class Screen {
 public:
  std::unique_ptr<Progress> progress(bool live = true) {
    return std::make_unique<Progress>(
        out_, live, [this] { return now_; }, [this] { return width; });
  }
  void pass(milliseconds time) { now_ += time; }
  std::string written() const { return out_.str(); }
  std::string line() const { return last_line(out_.str()); }

  int width = 80;

 private:
  std::ostringstream out_;
  std::chrono::steady_clock::time_point now_;
};

}  // namespace

TEST_CASE("the line says what runs, in which stage and for how long") {
  Screen screen;
  auto progress = screen.progress();
  progress->expect(3);
  progress->started(1, "agent-stdin-open");
  CHECK(screen.line() == "[0/3] agent-stdin-open 0.0 s");
  screen.pass(milliseconds(2300));
  progress->stage(1, "subject runs");
  CHECK(screen.line() == "[0/3] agent-stdin-open: subject runs 2.3 s");
  screen.pass(milliseconds(200));
  progress->started(2, "model-stalls");
  CHECK(screen.line() == "[0/3] agent-stdin-open: subject runs 2.5 s (and 1 more)");
  screen.pass(milliseconds(500));
  progress->finished(1);
  CHECK(screen.line() == "[1/3] model-stalls 0.5 s");
}

TEST_CASE("the line is not redrawn faster than a person reads") {
  Screen screen;
  auto progress = screen.progress();
  progress->started(1, "a");
  const auto drawn = screen.written();
  for (int trial = 2; trial < 1000; ++trial) {
    progress->started(trial, "b");
    progress->finished(trial);
    progress->tick();
  }
  CHECK(screen.written() == drawn);
  screen.pass(Progress::kMinInterval);
  progress->tick();
  CHECK(screen.line() == "[998/998] a 0.1 s");
}

TEST_CASE("nothing is left behind when all has finished, or when the watcher goes") {
  Screen screen;
  auto progress = screen.progress();
  progress->started(1, "a");
  progress->finished(1);
  CHECK(screen.line() == "");
  progress->started(2, "b");
  CHECK(screen.line() != "");
  progress.reset();
  CHECK(screen.line() == "");
  CHECK(screen.written().find('\n') == std::string::npos);
}

TEST_CASE("results are printed above the line, which stays") {
  Screen screen;
  auto progress = screen.progress();
  progress->started(1, "a");
  progress->print_above("b   pass\n");
  CHECK_THAT(screen.written(), ContainsSubstring("\r\x1b[Kb   pass\n"));
  CHECK(screen.line() == "[0/0] a 0.0 s");
  progress->clear();
  CHECK(screen.line() == "");
}

TEST_CASE("the line fits the terminal, whatever stands in it") {
  Screen screen;
  auto progress = screen.progress();
  progress->started(1, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \x1b[2J\n and a long, long name");
  for (screen.width = 1; screen.width < 60; ++screen.width) {
    screen.pass(Progress::kMinInterval);
    progress->tick();
    CHECK(display_width(screen.line()) < static_cast<size_t>(screen.width));
  }
  screen.width = 0;  // unknown
  screen.pass(Progress::kMinInterval);
  progress->tick();
  CHECK_THAT(screen.line(), ContainsSubstring("\\x1b[2J  and a long, long name"));
}

TEST_CASE("no terminal, no line") {
  Screen screen;
  auto progress = screen.progress(false);
  progress->expect(1);
  progress->started(1, "a");
  progress->stage(1, "b");
  progress->tick();
  progress->print_above("a   pass\n");
  progress->finished(1);
  progress.reset();
  CHECK(screen.written() == "a   pass\n");
}

TEST_CASE("news of a trial that does not run changes nothing") {
  Screen screen;
  auto progress = screen.progress();
  progress->stage(7, "a");
  progress->finished(7);
  progress->tick();
  CHECK(screen.written() == "");
}
