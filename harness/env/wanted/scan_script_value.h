#pragma once
// JavaScript: what is done with a value that was just read, as far as the tokens around it tell;
// and what a bundler's configuration says of names.

#include "wanted/scan_finder.h"

namespace relapse::env {

// `end`: one past the value's last token. Whether another value takes its place where it lacks.
bool has_default(const TokenView& at, size_t end);

// Whether what stands at `i` instead of a value is one: not undefined, not "", no refusal.
bool goes_on(const TokenView& at, size_t i);

// Only a choice is made by the value between `start` and `end`: x === "1", "1" === x, x ? a : b,
// x && a, if (x).
bool is_tested(const TokenView& at, size_t start, size_t end);

// A setting of Vite's or webpack's that begins at `i`, where one does.
void scan_bundler_setting(const TokenView& at, size_t i, Finder& finder);

}  // namespace relapse::env
