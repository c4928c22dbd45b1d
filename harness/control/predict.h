#pragma once
// The errno that a held call is going to meet, by a look at the files as the subject sees them.
//
// A notification lets a call continue without ever showing its result. But while a call is held
// and all else stands still, the files say what it will meet: mkdir of what exists, readlink of
// what does not. Permissions, quotas and open flags beyond O_EXCL are not considered: the trace
// calls the result predicted.

#include <optional>

#include "control/schedule_gate.h"
#include "model/result.h"
#include "os/fd.h"

namespace relapse::run {

class Predictor {
 public:
  // Looks at files as process `pid` has them, whatever becomes of it later.
  static model::Result<Predictor> open(int pid);

  // 0: it will succeed. Nothing: the files do not tell (descriptors, starts).
  std::optional<int> predict(const HeldCall& call) const;

 private:
  explicit Predictor(os::Fd root) : root_(std::move(root)) {}
  struct Found {
    int error = 0;  // 0, ENOENT, ENOTDIR
    unsigned mode = 0;
  };
  Found look(const std::string& path) const;
  int to_create(const std::string& path) const;
  int to_rmdir(const std::string& path) const;

  os::Fd root_;
};

}  // namespace relapse::run
