#pragma once
// A schedule as plain data: how the order of a subject's file system calls is to be decided (the
// plan), and the order that came of it (the trace). Both go through JSON into the record, and
// from there into a replay.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"

namespace relapse::model {

// Which calls are scheduling points. Reads includes the mutations.
enum class PointSet { kMutations, kReads };

// How the result of a released call is known. A notification that lets a call continue never
// shows its result, so an honest trace says where its word comes from.
enum class ResultSource {
  kUnknown,
  kPredicted,  // from a look at the files just before the release, while all else stood still
  kInjected,   // answered by the controller: the call was not made, or in part
};

// What a fake's reply is called as an event: "reply 200", or that its connection was cut. Its path
// is the request, "GET /a.tar.gz", and its actor the fake and the request.
inline constexpr const char* kReplyCall = "reply ";
inline constexpr const char* kCutCall = "reply cut";

struct ScheduleEvent {
  std::string actor;               // who by descent: "0", its second child "0.2"
  std::string call;                // "mkdir", "open-create", "start"
  std::vector<std::string> paths;  // resolved and normal; rename and link have two
  int occurrence = 1;              // which time this actor makes this very call
  ResultSource source = ResultSource::kUnknown;
  int error = 0;           // errno; 0: it succeeded. Means nothing while the source is unknown.
  bool withdrawn = false;  // the caller was gone when the call was released: it did not happen

  bool is_reply() const { return call.rfind(kReplyCall, 0) == 0; }
  bool same_call(const ScheduleEvent& other) const {
    return call == other.call && paths == other.paths;
  }
  bool same_step(const ScheduleEvent& other) const {
    return actor == other.actor && occurrence == other.occurrence && same_call(other);
  }
};

// "When `from` has made `after` calls, it is `to`'s turn."
struct ScheduleSwitch {
  std::string from;
  int after = 0;
  std::string to;

  bool operator==(const ScheduleSwitch&) const = default;
};

struct SchedulePlan {
  std::string strategy = "key";  // see fault/schedule.h
  std::uint64_t seed = 0;
  PointSet points = PointSet::kMutations;
  int depth = 0;                         // PCT: d
  int steps = 0;                         // PCT: k, from an earlier run of the same subject
  std::vector<ScheduleEvent> order;      // replay, switches: the recorded order
  std::vector<ScheduleSwitch> switches;  // switches: the only places where the turn passes
};

// A replay that could not follow its record: said, never hidden.
struct Divergence {
  int at = 0;            // index in the trace
  std::string expected;  // the recorded step
  std::string found;     // what stood there instead
};

struct ScheduleTrace {
  SchedulePlan plan;
  std::vector<ScheduleEvent> events;
  std::map<std::string, std::string> programs;  // actor → its command's name
  int actors_max = 0;                           // PCT: n
  std::optional<Divergence> divergence;
  // The subject wanted a seccomp listener of its own: a failure may be control's doing.
  bool listener_refused = false;
  std::vector<std::string> notes;  // "a thread computed for 120 ms: decided without it"
};

std::string_view to_word(PointSet points);
Result<PointSet> point_set_from_word(std::string_view word);

// "0.2 mkdir /a/b", for people.
std::string to_text(const ScheduleEvent& event);

// How often the turn passes from one actor to another, calls that did not happen left out.
int count_switches(const std::vector<ScheduleEvent>& events);

// The same steps in the same order, whatever became of them; names drawn anew count as the same.
bool same_order(const std::vector<ScheduleEvent>& a, const std::vector<ScheduleEvent>& b);

nlohmann::ordered_json to_json(const SchedulePlan& plan);
nlohmann::ordered_json to_json(const ScheduleTrace& trace);
Result<SchedulePlan> plan_from_json(const nlohmann::json& document);
Result<ScheduleTrace> trace_from_json(const nlohmann::json& document);

}  // namespace relapse::model
