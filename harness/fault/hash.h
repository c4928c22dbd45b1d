#pragma once
// Pseudo-random numbers that are a function of what they are for, so that they replay.

#include <cstdint>
#include <string_view>

namespace relapse::fault {

// The finisher of splitmix64: every bit of the input changes every bit of the output.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

constexpr std::uint64_t hash(std::uint64_t seed, std::uint64_t value) {
  return mix(mix(seed) ^ value);
}

// FNV-1a over the text, then mixed with the seed.
constexpr std::uint64_t hash(std::uint64_t seed, std::string_view text) {
  std::uint64_t sum = 0xcbf29ce484222325U;
  for (char c : text) {
    sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash(seed, sum);
}

}  // namespace relapse::fault
