#pragma once
// Which environment variables the source of a tree names, and where: read, not run. Small lexers
// for each language leave comments and strings out. What they cannot see is said, with its place.
// Never a value: only names.

#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"

namespace relapse::env {

// What the source does with a name.
enum class Role {
  kRead,      // takes its value from the environment
  kPassed,    // a workflow takes it from the repository's settings: `vars.X`, `secrets.X`
  kSet,       // gives it a value for others: `ENV X=…`, `env:`, `process.env.X = …`
  kDeclared,  // lists it for people: `.env.example`
};

// The word that stands in JSON.
std::string_view to_word(Role role);

struct Place {
  std::string file;  // relative to the scanned folder
  int line = 0;
  std::string how;  // as the language writes it: "import.meta.env", "getenv", "ARG"
  Role role = Role::kRead;
  bool in_test = false;
  bool has_default = false;  // the source goes on with a value of its own without it
  bool folded = false;       // only compared with a constant
  bool assigned = false;     // the same file gives it a value
  bool to_all = false;       // sets it for the code of other files: a bundler's `define`

  bool operator==(const Place&) const = default;
};

struct ScannedName {
  std::string name;
  std::vector<Place> places;
  // Some read that is no test, has no default and compares with no constant. Otherwise `because`
  // says why the name needs no supply.
  bool needed = false;
  std::string because;
};

// What a scan cannot see, said rather than left out.
struct BlindSpot {
  std::string file;
  int line = 0;
  std::string what;

  bool operator==(const BlindSpot&) const = default;
};

struct SkippedFolder {
  std::string folder;
  std::string why;
};

// Which names of the environment a bundler shows to code of the browser.
struct Prefixes {
  std::string file;
  int line = 0;
  std::vector<std::string> prefixes;
};

struct ScanResult {
  std::vector<ScannedName> names;    // sorted by name
  std::vector<ScannedName> ignored;  // given by the system, CI or a tool itself: `because`
  std::vector<BlindSpot> blind_spots;
  std::vector<SkippedFolder> skipped;
  std::vector<Prefixes> prefixes;
  int files = 0;  // that were read
};

model::Result<ScanResult> scan_folder(const std::string& folder);

// One file's findings, before they are joined. A file of a kind that we do not know gives none.
struct FileFindings {
  struct Found {
    std::string name;
    Place place;
  };
  std::vector<Found> found;
  std::vector<BlindSpot> blind_spots;
  std::vector<Prefixes> prefixes;
  bool known = false;  // a language that we read
};

// `file` is the relative path: it tells the language and tests.
FileFindings scan_text(const std::string& file, std::string_view text);

// By name, with what the whole says of each.
ScanResult join_findings(const std::vector<FileFindings>& files);

// The names that code which is no test reads: what a build may want.
std::vector<std::string> read_names(const ScanResult& scan);

// "set by GitHub itself" and the like; empty for a name that somebody has to supply.
std::string_view well_known(std::string_view name);

}  // namespace relapse::env
