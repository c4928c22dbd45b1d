#pragma once
// The replies of the fakes as the schedule controller sees them: those that are ready and held,
// and nothing on its way. Above this no server and no event loop is needed, as in the unit tests.

#include <cstdint>
#include <string>
#include <vector>

namespace relapse::run {

struct ReadyReply {
  std::uint64_t id = 0;
  std::string fake;     // "storage"
  std::string request;  // "GET /skills/a.tar.gz"; without a query, which differs from run to run
  int nth = 1;          // of this fake, to this request
  int status = 0;       // 0: it is cut before a word is sent
};

struct Replies {
  // Changes whenever a fake has taken something in or sent something.
  std::uint64_t activity = 0;
  std::vector<ReadyReply> ready;
  int unanswered = 0;  // requests whose reply is neither ready nor out: held by a behaviour, late
};

class ReplySource {
 public:
  virtual ~ReplySource() = default;

  // Returns when the fakes have taken in all that has been sent to them, and done what follows.
  virtual Replies settle() = 0;
  // Lets a ready reply go. When it returns, what fits the socket's buffer is with the client, and
  // whoever waits for it is awake. False: the client had gone away.
  virtual bool deliver(std::uint64_t id) = 0;
};

}  // namespace relapse::run
