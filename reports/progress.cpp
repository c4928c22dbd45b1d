#include "reports/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

#include "reports/text.h"

namespace relapse::reports {

namespace {

constexpr std::string_view kEraseLine = "\r\x1b[K";
// What terminals have when they do not say.
constexpr int kUsualWidth = 80;

}  // namespace

Progress::Progress(std::ostream& out, bool live, Clock now, Width width)
    : out_(&out), live_(live), now_(std::move(now)), width_(std::move(width)) {}

Progress::~Progress() {
  clear();
}

void Progress::expect(int trials) {
  expected_ += trials;
}

void Progress::started(int trial, std::string title) {
  running_[trial] = Trial{std::move(title), "", now_()};
  tick();
}

void Progress::stage(int trial, std::string stage) {
  const auto found = running_.find(trial);
  if (found != running_.end()) {
    found->second.stage = std::move(stage);
    tick();
  }
}

void Progress::finished(int trial) {
  finished_ += static_cast<int>(running_.erase(trial));
  if (running_.empty()) {
    clear();
  } else {
    tick();
  }
}

void Progress::tick() {
  if (!drawn_ || now_() - drawn_at_ >= kMinInterval) {
    draw();
  }
}

void Progress::print_above(std::string_view text) {
  clear();
  *out_ << text;
  draw();
}

void Progress::clear() {
  if (drawn_) {
    *out_ << kEraseLine << std::flush;
    drawn_ = false;
  }
}

std::string Progress::line() const {
  const auto oldest = std::min_element(
      running_.begin(), running_.end(),
      [](const auto& a, const auto& b) { return a.second.began < b.second.began; });
  const Trial& trial = oldest->second;
  const std::chrono::duration<double, std::milli> since = now_() - trial.began;
  std::string out =
      fmt::format("[{}/{}] {}", finished_, std::max(expected_, finished_), trial.title);
  if (!trial.stage.empty()) {
    out += ": " + trial.stage;
  }
  out += " " + seconds(since.count());
  if (running_.size() > 1) {
    out += fmt::format(" (and {} more)", running_.size() - 1);
  }
  return out;
}

void Progress::draw() {
  if (!live_ || running_.empty()) {
    return;
  }
  const int known = width_();
  // The last column stays free: writing there makes some terminals wrap.
  const int usable = (known > 0 ? known : kUsualWidth) - 1;
  *out_ << kEraseLine << fit(visible(line(), Lines::kOne), static_cast<size_t>(usable))
        << std::flush;
  drawn_ = true;
  drawn_at_ = now_();
}

}  // namespace relapse::reports
