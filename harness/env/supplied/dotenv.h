#pragma once
// Which of a folder's .env files a build tool reads, and which of two says what counts.

#include <map>
#include <string>
#include <vector>

namespace relapse::env {

enum class DotenvReader {
  kVite,   // .env, .env.local, .env.MODE, .env.MODE.local: the later outranks the earlier
  kNext,   // .env.MODE.local, .env.local (not in tests), .env.MODE, .env: the first outranks
  kPlain,  // dotenv: only .env
};

// The files in the order in which they outrank each other, the weightiest first. What the
// process' environment holds outranks them all, even where it is empty.
std::vector<std::string> dotenv_files(DotenvReader reader, const std::string& mode);

// The reader of a folder, told by the names that lie in it.
DotenvReader dotenv_reader(const std::vector<std::string>& names);

}  // namespace relapse::env
