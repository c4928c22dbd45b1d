#include "wanted/scan.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "wanted/scan_finder.h"

namespace relapse::env {

std::string_view to_word(Role role) {
  switch (role) {
    case Role::kRead:
      return "read";
    case Role::kPassed:
      return "passed";
    case Role::kSet:
      return "set";
    case Role::kDeclared:
      return "declared";
  }
  return "";
}

namespace {

struct Extension {
  std::string_view ending;
  ScanUnit scan;
};

constexpr std::array kExtensions = std::to_array<Extension>({
    {".ts", scan_typescript},
    {".mts", scan_typescript},
    {".cts", scan_typescript},
    {".tsx", scan_javascript},
    {".js", scan_javascript},
    {".jsx", scan_javascript},
    {".mjs", scan_javascript},
    {".cjs", scan_javascript},
    {".vue", scan_vue},
    {".svelte", scan_markup},
    {".astro", scan_markup},
    {".html", scan_html},
    {".htm", scan_html},
    {".rs", scan_rust},
    {".c", scan_c},
    {".h", scan_c},
    {".cc", scan_c},
    {".cpp", scan_c},
    {".cxx", scan_c},
    {".hpp", scan_c},
    {".hh", scan_c},
    {".py", scan_python},
    {".go", scan_go},
    {".sh", scan_shell},
    {".bash", scan_shell},
    {".zsh", scan_shell},
    {".mk", scan_makefile},
    {".cmake", scan_cmake},
    {".dockerfile", scan_dockerfile},
});

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

bool is_yaml(std::string_view name) {
  return name.ends_with(".yml") || name.ends_with(".yaml");
}

// Files that are known by their names, and scripts by their first line.
ScanUnit unit_by_name(std::string_view path, std::string_view text) {
  const std::string_view name = name_of(path);
  if (name == "Dockerfile" || name.starts_with("Dockerfile.") || name == "Containerfile") {
    return scan_dockerfile;
  }
  if (name == "Makefile" || name == "makefile" || name == "GNUmakefile") {
    return scan_makefile;
  }
  if (name == "CMakeLists.txt") {
    return scan_cmake;
  }
  if (name == "package.json") {
    return scan_package_json;
  }
  if (is_yaml(name)) {
    if (name.starts_with("compose.") || name.starts_with("docker-compose")) {
      return scan_compose;
    }
    const bool action = name == "action.yml" || name == "action.yaml";
    return action || path.find(".github/workflows/") != std::string_view::npos ? scan_workflow
                                                                               : nullptr;
  }
  if (name == ".env.example" || name == ".env.sample" || name == ".env.template") {
    return scan_dotenv_example;
  }
  if (name.find('.') == std::string_view::npos && text.starts_with("#!")) {
    const std::string_view first = text.substr(0, text.find('\n'));
    if (first.find("python") != std::string_view::npos) {
      return scan_python;
    }
    if (first.find("node") != std::string_view::npos) {
      return scan_javascript;
    }
    return first.ends_with("sh") || first.find("sh ") != std::string_view::npos ? scan_shell
                                                                                : nullptr;
  }
  return nullptr;
}

ScanUnit unit_of(std::string_view path, std::string_view text) {
  for (const auto& one : kExtensions) {
    if (path.ends_with(one.ending)) {
      return one.scan;
    }
  }
  return unit_by_name(path, text);
}

}  // namespace

bool is_test_path(std::string_view path) {
  static constexpr std::array<std::string_view, 12> kFolders = {
      "test", "tests",   "__tests__", "__mocks__", "spec",  "specs",
      "e2e",  "cypress", "testdata",  "testing",   "mocks", "playwright"};
  static constexpr std::array<std::string_view, 6> kParts = {".test.", ".spec.",    ".e2e.",
                                                             "_test.", ".stories.", ".cy."};
  static constexpr std::array<std::string_view, 6> kStarts = {
      "test_", "vitest.", "jest.", "playwright.config.", "cypress.config.", "conftest."};
  size_t start = 0;
  for (size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', start)) {
    const std::string_view folder = path.substr(start, slash - start);
    if (std::find(kFolders.begin(), kFolders.end(), folder) != kFolders.end()) {
      return true;
    }
    start = slash + 1;
  }
  const std::string_view name = path.substr(start);
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](auto part) { return name.find(part) != std::string_view::npos; }) ||
         std::any_of(kStarts.begin(), kStarts.end(),
                     [&](auto with) { return name.starts_with(with); });
}

FileFindings scan_text(const std::string& file, std::string_view text) {
  const ScanUnit scan = unit_of(file, text);
  if (scan == nullptr) {
    return {};
  }
  Finder finder(file, is_test_path(file));
  scan(text, finder);
  FileFindings findings = finder.take();
  findings.known = true;
  return findings;
}

namespace {

// What a bundler puts into import.meta.env by itself.
bool is_built_in(const std::string& name, const Place& place) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "MODE", "DEV", "PROD", "SSR", "BASE_URL", "SITE", "ASSETS_PREFIX"};
  return place.how == "import.meta.env" &&
         std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// The folder whose code a file of settings speaks for: its own, or the one above where the folder
// only holds settings.
std::string_view scope_of(std::string_view file) {
  static constexpr std::array<std::string_view, 6> kOnlySettings = {"config",  ".config", "webpack",
                                                                    "scripts", "build",   "tools"};
  const size_t slash = file.rfind('/');
  if (slash == std::string_view::npos) {
    return "";
  }
  const std::string_view folder = file.substr(0, slash);
  const size_t above = folder.rfind('/') + 1;  // npos + 1 is 0
  const bool only_settings = std::find(kOnlySettings.begin(), kOnlySettings.end(),
                                       folder.substr(above)) != kOnlySettings.end();
  return file.substr(0, only_settings ? above : slash + 1);
}

// A build's settings give the name to that file's code: a bundler's `define`, a build script.
bool is_given(const Place& place, const std::vector<Place>& places) {
  return std::any_of(places.begin(), places.end(), [&](const Place& giver) {
    return giver.to_all && giver.file != place.file && place.file.starts_with(scope_of(giver.file));
  });
}

bool needs(const Place& place, const std::vector<Place>& places) {
  return place.role == Role::kRead && !place.in_test && !place.has_default && !place.folded &&
         !place.assigned && !is_given(place, places);
}

// Why a name of which no place needs a supply does not: the reason of what is read, if it is.
std::string why_not(const std::vector<Place>& places) {
  std::vector<Place> reads;
  std::copy_if(places.begin(), places.end(), std::back_inserter(reads),
               [](const Place& place) { return place.role == Role::kRead; });
  if (reads.empty()) {
    const auto passed = std::any_of(places.begin(), places.end(),
                                    [](const Place& place) { return place.role == Role::kPassed; });
    return passed ? "only passed on" : "only set";
  }
  auto all = [&](auto rule) { return std::all_of(reads.begin(), reads.end(), rule); };
  if (all([](const Place& place) { return place.in_test; })) {
    return "read only in tests";
  }
  std::erase_if(reads, [](const Place& place) { return place.in_test; });
  if (all([](const Place& place) { return place.has_default; })) {
    return "has a default";
  }
  if (all([](const Place& place) { return place.folded; })) {
    return "only tested or compared with a constant";
  }
  if (all([](const Place& place) { return place.assigned; })) {
    return "set in the same file";
  }
  if (all([&](const Place& place) { return is_given(place, places); })) {
    return "set by the build's own settings";
  }
  return "has a default or is only tested";
}

void judge(ScannedName& name) {
  name.needed = std::any_of(name.places.begin(), name.places.end(),
                            [&](const Place& place) { return needs(place, name.places); });
  name.because = name.needed ? "" : why_not(name.places);
}

}  // namespace

ScanResult join_findings(const std::vector<FileFindings>& files) {
  ScanResult result;
  std::map<std::string, ScannedName> names;
  std::map<std::string, ScannedName> ignored;
  for (const auto& file : files) {
    for (const auto& found : file.found) {
      const bool built_in = is_built_in(found.name, found.place);
      const std::string_view known =
          built_in ? "given by the bundler itself" : well_known(found.name);
      ScannedName& name = known.empty() ? names[found.name] : ignored[found.name];
      name.name = found.name;
      name.because = known;
      name.places.push_back(found.place);
    }
    result.blind_spots.insert(result.blind_spots.end(), file.blind_spots.begin(),
                              file.blind_spots.end());
    result.prefixes.insert(result.prefixes.end(), file.prefixes.begin(), file.prefixes.end());
    result.files += file.known ? 1 : 0;
  }
  for (auto& [key, name] : names) {
    // Who wants it comes first: the places of one role stay in their order.
    std::stable_sort(name.places.begin(), name.places.end(),
                     [](const Place& a, const Place& b) { return a.role < b.role; });
    judge(name);
    result.names.push_back(std::move(name));
  }
  for (auto& [key, name] : ignored) {
    result.ignored.push_back(std::move(name));
  }
  return result;
}

std::vector<std::string> read_names(const ScanResult& scan) {
  std::vector<std::string> names;
  for (const auto& name : scan.names) {
    if (std::any_of(name.places.begin(), name.places.end(), [](const Place& place) {
          return place.role == Role::kRead && !place.in_test;
        })) {
      names.push_back(name.name);
    }
  }
  return names;
}

}  // namespace relapse::env
