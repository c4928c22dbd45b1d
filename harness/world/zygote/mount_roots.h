#pragma once
// The mount namespaces that the zygote moves between: the host's own, where it fetches what a
// world is to be given, and the templates, which worlds are cloned from. A template holds the
// host's tree read-only, a small /dev, and empty places for what each world has of its own; what
// else the host has mounted is not in it, so no world can uncover it.

#include <compare>
#include <map>
#include <set>
#include <string>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::world {

// Something that must exist in a template so that a world can mount over it.
struct Target {
  std::string path;
  bool is_folder = true;
  auto operator<=>(const Target&) const = default;
};

class MountRoots {
 public:
  // Called once, in the mount namespace whose tree the worlds shall show.
  static model::Result<MountRoots> find();

  // The host's /proc, reachable from every namespace: the id maps of new worlds are written here.
  int proc() const { return proc_.get(); }

  model::Result<> enter_host();

  // Enters the template in which `targets` exist; it is built when no world has asked for these
  // before. Where the host has nothing at a target, the nearest existing folder is covered by a
  // copy of itself (each entry mounted again) with room for one more; a folder that only its owner
  // may pass is covered by an empty one. Targets below the folders that a world has for itself
  // are left to the world.
  model::Result<> enter_template(const std::set<Target>& targets);

 private:
  model::Result<> build(const std::set<Target>& targets);

  os::Fd host_;
  os::Fd proc_;
  std::map<std::set<Target>, os::Fd> templates_;
  const os::Fd* here_ = nullptr;
};

}  // namespace relapse::world
