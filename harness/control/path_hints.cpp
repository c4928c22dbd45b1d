#include "control/path_hints.h"

#include <algorithm>

#include "os/subject_view.h"

namespace relapse::run {

using nlohmann::json;

namespace {

// Beyond this many it is no list of work but a table of contents.
constexpr size_t kHintsMax = 256;

class Finder {
 public:
  explicit Finder(const std::vector<std::string>& folders) : folders_(folders) {}

  void visit(const json& value, const std::string& place) {
    if (value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) {
        const std::string name = join(place, std::to_string(i));
        add(value[i], name);
        visit(value[i], name);
      }
    } else if (value.is_object()) {
      bool first = true;
      for (const auto& [key, member] : value.items()) {
        // The object is named by the first path in it.
        if (add(member, first && !place.empty() ? place : join(place, key))) {
          first = false;
        }
        visit(member, join(place, key));
      }
    }
  }

  std::vector<fault::ActorHint> take() { return std::move(hints_); }

 private:
  static std::string join(const std::string& place, const std::string& part) {
    return place.empty() ? part : place + "." + part;
  }

  bool add(const json& value, const std::string& name) {
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr || text->empty() || text->front() != '/' || hints_.size() >= kHintsMax) {
      return false;
    }
    const std::string path = os::normal_path("/", *text);
    const bool within = std::any_of(folders_.begin(), folders_.end(), [&](const auto& folder) {
      return os::is_within(path, folder);
    });
    const bool known = std::any_of(hints_.begin(), hints_.end(),
                                   [&](const auto& hint) { return hint.path == path; });
    if (within && !known) {
      hints_.push_back({path, name});
    }
    return within;
  }

  const std::vector<std::string>& folders_;
  std::vector<fault::ActorHint> hints_;
};

}  // namespace

std::vector<fault::ActorHint> hints_from_files(const model::WorldSpec& world,
                                               const std::vector<std::string>& folders) {
  Finder finder(folders);
  for (const auto& file : world.files) {
    if (file.kind == model::WorldFile::Kind::kFile) {
      const json document = json::parse(file.content, nullptr, false);
      if (document.is_structured()) {
        finder.visit(document, "");
      }
    }
  }
  return finder.take();
}

}  // namespace relapse::run
