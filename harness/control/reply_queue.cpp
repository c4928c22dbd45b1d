#include "control/reply_queue.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <map>

#include "os/fd.h"

namespace relapse::run {

namespace asio = boost::asio;
using model::Done;
using model::Result;

namespace {

// A trial's fakes never have so much to do at once: more is a loop that feeds itself.
constexpr int kHandlersMax = 10'000;

// Between two looks whether waiting for the event loop still makes sense.
constexpr int kWaitSliceMs = 20;

std::string request_of(const model::Call& call) {
  return call.method + " " + call.target.substr(0, call.target.find('?'));
}

}  // namespace

class ReplyQueue::Core : public std::enable_shared_from_this<ReplyQueue::Core> {
 public:
  Core(asio::io_context& loop, const fakes::CallLog& log)
      : loop_(loop), log_(&log), questions_(loop) {}

  Result<> open() {
    auto questions = os::make_pipe();
    auto answers = os::make_pipe();
    if (!questions || !answers) {
      return !questions ? questions.error() : answers.error();
    }
    questions_.assign(questions->read.release());
    to_loop_ = std::move(questions->write);
    answers_ = std::move(*answers);
    await_question();
    return Done{};
  }

  void close() {
    log_ = nullptr;
    boost::system::error_code ignored;
    questions_.close(ignored);
  }

  void hold(const model::Call& call, std::function<void()> go) {
    ReadyReply reply;
    reply.id = ++ids_;
    reply.fake = call.fake;
    reply.request = request_of(call);
    reply.nth = ++asked_[reply.fake + ' ' + reply.request];
    reply.status = call.status;
    waiting_.push_back({std::move(reply), std::move(go)});
  }

  // In the controller's thread. Zero asks for no delivery.
  bool ask_loop(std::uint64_t deliver) {
    wanted_ = deliver;
    if (!os::wake_reader(to_loop_)) {
      return false;
    }
    for (;;) {
      pollfd set{answers_.read.get(), POLLIN, 0};
      const int ready = ::poll(&set, 1, kWaitSliceMs);
      if (ready > 0) {
        char byte = 0;
        return ::read(answers_.read.get(), &byte, 1) == 1;
      }
      if ((ready < 0 && errno != EINTR) || (still_ && !still_())) {
        return false;
      }
    }
  }

  std::function<bool()> still_;
  // The loop's until it has answered, the controller's until it asks.
  Replies replies_;
  bool delivered_ = false;

 private:
  struct Waiting {
    ReadyReply reply;
    std::function<void()> go;
  };

  void await_question() {
    questions_.async_read_some(asio::buffer(&question_, 1),
                               [self = shared_from_this()](const auto& error, size_t /*bytes*/) {
                                 if (!error) {
                                   self->answer();
                                 }
                               });
  }

  void answer() {
    settle();
    if (wanted_ != 0 && log_ != nullptr) {
      const auto before = log_->changes();
      auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                [&](const auto& each) { return each.reply.id == wanted_; });
      if (found != waiting_.end()) {
        auto go = std::move(found->go);
        waiting_.erase(found);
        go();
        settle();  // what has gone is entered in the log
      }
      delivered_ = log_ != nullptr && log_->changes() != before;
    }
    if (log_ == nullptr) {
      return;  // the trial has ended meanwhile, and nobody waits
    }
    replies_.activity = log_->changes() + ids_;
    const auto& calls = log_->calls();
    const auto open = std::count_if(calls.begin(), calls.end(), [](const model::Call& call) {
      return call.outcome == model::CallOutcome::kPending;
    });
    replies_.unanswered = std::max(static_cast<int>(open) - static_cast<int>(waiting_.size()), 0);
    replies_.ready.clear();
    for (const auto& each : waiting_) {
      replies_.ready.push_back(each.reply);
    }
    await_question();
    os::wake_reader(answers_.write);  // one byte at a time: never full
  }

  // Until the loop has nothing to do but to wait.
  void settle() {
    for (int i = 0; i < kHandlersMax && log_ != nullptr && loop_.poll_one() > 0; ++i) {
    }
  }

  asio::io_context& loop_;
  const fakes::CallLog* log_;  // null once closed
  asio::posix::stream_descriptor questions_;
  char question_ = 0;
  os::Fd to_loop_;
  os::Pipe answers_;
  std::uint64_t wanted_ = 0;
  std::uint64_t ids_ = 0;
  std::map<std::string, int> asked_;
  std::vector<Waiting> waiting_;
};

Result<std::unique_ptr<ReplyQueue>> ReplyQueue::open(asio::io_context& loop,
                                                     const fakes::CallLog& log) {
  auto core = std::make_shared<Core>(loop, log);
  auto opened = core->open();
  if (!opened) {
    return opened.error();
  }
  return std::unique_ptr<ReplyQueue>(new ReplyQueue(std::move(core)));
}

ReplyQueue::~ReplyQueue() {
  core_->close();
}

void ReplyQueue::on_wait(std::function<bool()> waiting) {
  core_->still_ = std::move(waiting);
}

void ReplyQueue::ask(std::size_t /*index*/, const model::Call& call, std::function<void()> go) {
  core_->hold(call, std::move(go));
}

Replies ReplyQueue::settle() {
  return core_->ask_loop(0) ? core_->replies_ : Replies{};
}

bool ReplyQueue::deliver(std::uint64_t id) {
  return core_->ask_loop(id) && core_->delivered_;
}

}  // namespace relapse::run
