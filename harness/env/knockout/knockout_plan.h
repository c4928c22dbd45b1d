#pragma once
// Which builds a knock-out is made of, and in what order: pure.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "builds/environment.h"

namespace relapse::env {

// How a name is taken away. Both are tried for every name: `??`, `${X-}` and a .env file's default
// keep their default only when it is unset; `"X" in os.environ` is content with an empty one.
enum class Lack { kUnset, kEmpty };

struct Cell {
  std::string name;
  Lack lack = Lack::kUnset;
  Environment env;
  std::string label;  // for progress
};

// A value that nothing else holds, for finding the name's way into the output. Letters and digits
// only: it must come through quoting, encodings and identifiers as it is.
std::string canary_of(size_t index);

// Those whose values can be found in an output as they are, and are no other name's: long enough,
// and of characters that go through quoting and encodings.
Environment telling_values(const Environment& env);

// What is tried for a name without a value, where all canaries together do not pass: a validator
// may want a number or an address.
const std::vector<std::string>& made_up_values();

// Which of the names a failing build speaks of: it shows the name, or the value that was made up
// for it, in a line about an error where there is one, else anywhere.
std::set<std::string> blamed(std::string_view output, const Environment& made_up);

Environment without(const Environment& env, const std::string& name, Lack lack);

// Everything that decides the order of the names.
struct Standing {
  bool supplied = false;
  bool reaches_output = false;  // its canary was found in an output
  bool named_by_failure = false;
};

// The likely culprit first: what a failing build named, then what is not supplied though it reaches
// the output, then what reaches it, then what is not supplied, then the rest; by name among equals.
std::vector<std::string> likely_first(const std::map<std::string, Standing>& names);

}  // namespace relapse::env
