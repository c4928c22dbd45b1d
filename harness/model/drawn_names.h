#pragma once
// Whether two runs' paths are the same but for names that a program draws anew in every run: a
// temporary file's letters, a time, an address.

#include <map>
#include <string>

#include "model/schedule.h"

namespace relapse::model {

class DrawnNames {
 public:
  // The same actor's same call, on paths that are equal or differ by drawn names alone, and by
  // the same ones as before.
  bool alike(const ScheduleEvent& recorded, const ScheduleEvent& found) const;
  // The same, and the names are the same ones from now on.
  bool accept(const ScheduleEvent& recorded, const ScheduleEvent& found);

 private:
  using Names = std::map<std::string, std::string>;
  bool match(const std::string& recorded, const std::string& found, Names& learned) const;

  Names found_by_recorded_;
  Names recorded_by_found_;
};

// "tmp_obj_Y7u920" and "tmp_obj_En0UYL", "log.1763790001" and "log.1763790417"; not "a" and "b",
// nor "job-9" and "job-10".
bool differ_as_drawn(const std::string& a, const std::string& b);

}  // namespace relapse::model
