#pragma once
// UTF-8 for strings of unknown origin: what a subject prints or names its files need not be text.

#include <cstddef>
#include <string>
#include <string_view>

namespace relapse::model {

inline constexpr char32_t kReplacement = 0xFFFD;

struct CodePoint {
  char32_t value = kReplacement;
  size_t size = 1;  // bytes taken; at least one, so that a loop always ends
  bool valid = false;
};

// The first code point of `text`, which must not be empty. Where no well-formed sequence starts
// (overlong forms, surrogates and cut sequences are none), it is the replacement character.
CodePoint decode_utf8(std::string_view text);

// `value` must be a scalar value: not a surrogate, at most U+10FFFF.
void append_utf8(std::string& out, char32_t value);

// `text` with the replacement character for what is not UTF-8.
std::string valid_utf8(std::string_view text);

}  // namespace relapse::model
