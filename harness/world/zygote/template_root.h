#pragma once
// The root that every world starts from: the host's tree read-only, with empty places for what
// each world has of its own. Built once by the zygote, in its own mount namespace.

#include <set>
#include <string>

#include "model/result.h"

namespace relapse::world {

// Inside the template; each world covers them with its own /tmp, so no subject sees them.
inline const std::string kHostView = "/tmp/host";        // the host's whole tree
inline const std::string kPrivateRoot = "/tmp/private";  // where a world mounts its own folders

// The folders that each world has for itself.
bool is_private(const std::string& path);

class TemplateRoot {
 public:
  // Replaces the calling process's root. Needs its own mount namespace, all mounts private.
  static model::Result<TemplateRoot> enter();

  // Makes sure that something can be mounted at `target`: where the host has nothing there, the
  // nearest existing folder is covered by a copy of itself (each entry mounted again) with room
  // for one more. Worlds started later see it; nothing on the host changes.
  model::Result<> provide_target(const std::string& target, bool is_folder);

 private:
  model::Result<> cover(const std::string& folder);
  std::set<std::string> covered_;
};

}  // namespace relapse::world
