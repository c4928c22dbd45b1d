#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <tuple>

#include "builds/observe.h"

namespace relapse::env {

namespace fs = std::filesystem;

namespace {

// The lines' first fields; see observer/.
constexpr std::string_view kNodeRead = "N";
constexpr std::string_view kNodeList = "E";
constexpr std::string_view kBundled = "B";
constexpr std::string_view kLoaded = "L";
constexpr std::string_view kPythonRead = "P";
constexpr std::string_view kGetenv = "G";
constexpr std::string_view kOpened = "F";

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  for (size_t at = 0; at <= line.size();) {
    const size_t end = std::min(line.find('\t', at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

enum class Whose { kProject, kDependency, kElsewhere };

class LogReader {
 public:
  explicit LogReader(const LogReading& reading) : reading_(reading) {}

  ObserveReport read(const std::vector<std::string>& lines);

 private:
  struct Place {
    std::set<std::string> names;
    size_t keys = 0;  // of the environment there
    bool listed = false;
  };

  Whose whose(const std::string& path) const;
  Whose whose_code(const std::string& path) const;
  std::string shown(const std::string& path) const;
  void learn_place(const std::vector<std::string>& fields);
  bool copies_all(const std::string& place) const;
  bool beside_a_listing(const std::string& place) const;
  void take(const std::vector<std::string>& fields);
  void add(Whose owner, ObservedName name, bool own_setting);
  void add_bundled(const std::string& name, const std::string& file, int line,
                   const std::string& how);
  void add_opened(const std::string& path);
  const std::optional<FileFindings>& findings(const std::string& path);
  void leave_out_the_known();
  void say_blind_spots();

  const LogReading& reading_;
  ObserveReport report_;
  std::map<std::string, Place> places_;
  std::map<std::string, std::optional<FileFindings>> scanned_;
  std::set<std::string> bundlers_;
  bool saw_node_ = false;
  bool saw_python_ = false;
};

Whose LogReader::whose(const std::string& path) const {
  if (!path.starts_with(reading_.top + "/")) {
    return Whose::kElsewhere;
  }
  // Where package managers put what others have written.
  for (const auto& part : fs::path(path).lexically_relative(reading_.top)) {
    if (part == "node_modules" || part == "site-packages" || part == ".yarn") {
      return Whose::kDependency;
    }
  }
  return Whose::kProject;
}

Whose LogReader::whose_code(const std::string& path) const {
  const Whose owner = whose(path);
  const bool made = owner == Whose::kProject && reading_.was_there && !reading_.was_there(path);
  return made ? Whose::kDependency : owner;
}

std::string LogReader::shown(const std::string& path) const {
  return fs::path(path).lexically_relative(reading_.folder);
}

std::string place_of(const std::vector<std::string>& fields) {
  if (fields[0] == kPythonRead) {
    return fields[2] + ":" + fields[3];
  }
  return fields[4];
}

void LogReader::learn_place(const std::vector<std::string>& fields) {
  const bool node = (fields[0] == kNodeRead || fields[0] == kNodeList) && fields.size() >= 6;
  if (!node && !(fields[0] == kPythonRead && fields.size() >= 5)) {
    return;
  }
  Place& place = places_[place_of(fields)];
  place.keys = std::max(place.keys, static_cast<size_t>(number(fields[node ? 5 : 4])));
  if (fields[0] == kNodeList) {
    place.listed = true;
  } else {
    place.names.insert(fields[1]);
  }
}

// The same place asked for nearly all that there is.
bool LogReader::copies_all(const std::string& place) const {
  const Place& found = places_.at(place);
  constexpr size_t kFew = 8;
  return found.listed || (found.names.size() >= kFew && found.names.size() * 5 >= found.keys * 4);
}

// "file:line:column" a line or two below a listing of all names: `for (const name in env) …`, as a
// tool does that passes on what has its prefix. It wants none of them.
bool LogReader::beside_a_listing(const std::string& place) const {
  auto parts = [](const std::string& text) {
    const size_t column = text.rfind(':');
    const size_t line = column == std::string::npos ? column : text.rfind(':', column - 1);
    return line == std::string::npos
               ? std::pair(text, 0)
               : std::pair(text.substr(0, line), number(text.substr(line + 1)));
  };
  constexpr int kLines = 3;
  const auto [file, line] = parts(place);
  for (const auto& [other, found] : places_) {
    const auto [other_file, other_line] = parts(other);
    if (found.listed && other_file == file && line >= other_line && line - other_line <= kLines) {
      return true;
    }
  }
  return false;
}

void LogReader::add(Whose owner, ObservedName name, bool own_setting) {
  if (name.name.starts_with("RELAPSE_OBSERVE")) {
    return;
  }
  const bool supplied = reading_.supplied.contains(name.name);
  if (owner == Whose::kProject || supplied) {
    if (supplied || well_known(name.name).empty()) {
      report_.names.push_back(std::move(name));
    }
  } else if (owner == Whose::kDependency && own_setting && well_known(name.name).empty()) {
    report_.tools.push_back(std::move(name));
  }
}

const std::optional<FileFindings>& LogReader::findings(const std::string& path) {
  auto found = scanned_.find(path);
  if (found == scanned_.end()) {
    auto scan = reading_.scan(path);
    if (scan) {
      // Given by the bundler itself (import.meta.env.DEV), by the system or CI.
      std::set<std::string> given;
      for (const auto& name : join_findings({*scan}).ignored) {
        given.insert(name.name);
      }
      std::erase_if(scan->found, [&](const FileFindings::Found& one) {
        return given.contains(one.name) && !reading_.supplied.contains(one.name);
      });
    }
    found = scanned_.emplace(path, std::move(scan)).first;
  }
  return found->second;
}

// A bundler shows a module's text. The scan knows comments and strings; where it reads the
// language, it says whether the name is really read, and where.
void LogReader::add_bundled(const std::string& name, const std::string& file, int line,
                            const std::string& how) {
  const Whose owner = whose(file);
  if (owner == Whose::kProject) {
    const auto& scan = findings(file);
    if (scan && scan->known) {
      for (const auto& [found, place] : scan->found) {
        if (found == name) {
          add(owner, {name, "bundler", shown(file), place.line, place.how}, true);
        }
      }
      return;
    }
  }
  add(owner, {name, "bundler", shown(file), line, how}, true);
}

void LogReader::add_opened(const std::string& path) {
  if (whose(path) != Whose::kProject) {
    return;
  }
  const auto& scan = findings(path);
  if (!scan) {
    return;
  }
  for (const auto& [name, place] : scan->found) {
    if (place.role == Role::kRead && !place.in_test) {
      add(Whose::kProject, {name, "source", shown(path), place.line, place.how}, true);
    }
  }
}

void LogReader::take(const std::vector<std::string>& fields) {
  const std::string& kind = fields[0];
  if (kind == kLoaded && fields.size() >= 2) {
    bundlers_.insert(fields[1]);
  } else if (kind == kNodeRead && fields.size() >= 6) {
    saw_node_ = true;
    const Whose owner = whose_code(fields[2]);
    const bool passes_on = owner != Whose::kProject && beside_a_listing(fields[4]);
    if (!copies_all(fields[4]) && !passes_on) {
      add(owner, {fields[1], "process.env", shown(fields[2]), number(fields[3]), "process.env"},
          true);
    }
  } else if (kind == kPythonRead && fields.size() >= 5) {
    saw_python_ = true;
    if (!copies_all(place_of(fields))) {
      add(whose_code(fields[2]),
          {fields[1], "os.environ", shown(fields[2]), number(fields[3]), "os.environ"}, true);
    }
  } else if (kind == kBundled && fields.size() >= 5) {
    add_bundled(fields[1], fields[2], number(fields[3]), fields[4]);
  } else if (kind == kGetenv && fields.size() >= 4) {
    const Whose owner = whose(fields[2]);
    const std::string program = owner == Whose::kElsewhere ? fields[2] : shown(fields[2]);
    add(owner, {fields[1], "getenv", "", 0, program}, true);
  } else if (kind == kOpened && fields.size() >= 2) {
    add_opened(fields[1]);
  }
}

// A read in what the build has made says nothing where a source of the project names it, too; and
// what the project reads is not only its tools' setting.
void LogReader::leave_out_the_known() {
  auto made = [this](const ObservedName& one) {
    return !one.file.empty() && reading_.was_there &&
           !reading_.was_there((fs::path(reading_.folder) / one.file).lexically_normal());
  };
  std::set<std::string> in_sources;
  std::set<std::string> all;
  for (const auto& one : report_.names) {
    all.insert(one.name);
    if (!one.file.empty() && !made(one)) {
      in_sources.insert(one.name);
    }
  }
  std::erase_if(report_.names, [&](const ObservedName& one) {
    return in_sources.contains(one.name) && made(one);
  });
  std::erase_if(report_.tools, [&](const ObservedName& one) { return all.contains(one.name); });
}

void LogReader::say_blind_spots() {
  auto say = [&](const char* source, std::string what) {
    report_.blind_spots.push_back({source, std::move(what)});
  };
  say("process.env",
      "sees a read when it happens: not in a branch that this build did not take; what code reads "
      "that the build itself has made stands with the dependencies, for it holds theirs too");
  if (bundlers_.empty()) {
    say("bundler", saw_node_ ? "no Vite, Rollup or webpack was seen: names that another bundler "
                               "replaces in the text are known from the sources it opened alone"
                             : "no bundler was seen");
  } else {
    say("bundler", "a name that is put together at run time (import.meta.env[NAME]) is not seen");
  }
  say("getenv",
      "blind to statically linked programs (Go, esbuild), to shells and to make, which "
      "read the environment by themselves");
  say("source",
      "sees the files that dynamically linked programs opened, and in them what a scan "
      "sees: no names made at run time, no files read by a static program");
  say("os.environ", saw_python_ ? "sees a read when it happens; os.environb and C modules unseen"
                                : "no read by Python was seen (python -I and -S are not observed)");
}

ObserveReport LogReader::read(const std::vector<std::string>& lines) {
  std::vector<std::vector<std::string>> all;
  all.reserve(lines.size());
  for (const auto& line : lines) {
    all.push_back(fields_of(line));
    learn_place(all.back());
  }
  for (const auto& fields : all) {
    take(fields);
  }
  // Of two sources that saw the same line, the one that saw it happen.
  auto rank = [](const ObservedName& one) { return one.by == "source" ? 1 : 0; };
  for (auto* list : {&report_.names, &report_.tools}) {
    std::sort(list->begin(), list->end(), [&](const ObservedName& a, const ObservedName& b) {
      return std::tuple(a.name, a.file, a.line, rank(a), a.by, a.how) <
             std::tuple(b.name, b.file, b.line, rank(b), b.by, b.how);
    });
    list->erase(std::unique(list->begin(), list->end(),
                            [&](const ObservedName& a, const ObservedName& b) {
                              return a == b ||
                                     (!a.file.empty() && a.name == b.name && a.file == b.file &&
                                      a.line == b.line && rank(b) == 1);
                            }),
                list->end());
  }
  leave_out_the_known();
  say_blind_spots();
  return std::move(report_);
}

}  // namespace

ObserveReport read_logs(const std::vector<std::string>& lines, const LogReading& reading) {
  return LogReader(reading).read(lines);
}

}  // namespace relapse::env
