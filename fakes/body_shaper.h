#pragma once
// Cuts the body of a reply into what is sent at a time, as a behaviour wants it: in slow pieces,
// or only so many bytes. Pure.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "fakes/stream_fault.h"

namespace relapse::fakes {

class BodyShaper {
 public:
  enum class After { kMore, kEnd, kCut };
  struct Step {
    std::string bytes;
    After after = After::kMore;  // kMore without bytes: wait for the next push or finish
  };

  explicit BodyShaper(const Behaviour& behaviour) : slow_(behaviour.slow), cut_(behaviour.cut) {}

  void push(std::string piece);
  void finish() { finished_ = true; }

  // Never joins what was pushed apart: the events of a stream stay events.
  Step next();

 private:
  std::optional<Slow> slow_;
  std::optional<Cut> cut_;
  std::deque<std::string> pieces_;
  std::size_t offset_ = 0;  // into the first piece
  std::uint64_t sent_ = 0;
  bool finished_ = false;
};

}  // namespace relapse::fakes
