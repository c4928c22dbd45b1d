#pragma once
// One line that says what runs now, redrawn in place while a person watches. It holds what has
// been going on for longest, for that is what the person wonders about. Where the output is no
// terminal nothing is drawn at all. To be used by one thread.

#include <chrono>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>

namespace relapse::reports {

class Progress {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  using Width = std::function<int()>;  // columns of the terminal now; 0 when unknown

  // A person reads no faster, and schedules run hundreds of trials a second.
  static constexpr std::chrono::milliseconds kMinInterval{100};

  // `live`: the output is a terminal that can redraw a line.
  Progress(std::ostream& out, bool live, Clock now, Width width);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;

  // So many more trials are to come; the line counts up to the sum.
  void expect(int trials);

  // `trial` is any number that no other running trial has.
  void started(int trial, std::string title);
  void stage(int trial, std::string stage);
  void finished(int trial);

  // Draws again, for the time that has gone by. To be called by a timer; too often does no harm.
  void tick();

  // Writes whole lines above the line of progress; the way to print anything in the meantime.
  void print_above(std::string_view text);

  // Takes the line away until something is drawn again.
  void clear();

 private:
  struct Trial {
    std::string title;
    std::string stage;
    std::chrono::steady_clock::time_point began;
  };

  std::string line() const;
  void draw();

  std::ostream* out_;
  bool live_;
  Clock now_;
  Width width_;
  int expected_ = 0;
  int finished_ = 0;
  std::map<int, Trial> running_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point drawn_at_;
};

}  // namespace relapse::reports
