#pragma once
// One include for both Catch2 generations: 2.13 (Debian 12) and 3 (Ubuntu 24.04, Debian 13).
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>
// Catch2 3 renamed the matcher; the tests use the new name.
inline auto ContainsSubstring(const std::string& text) {
  return Catch::Matchers::Contains(text);
}
#endif
