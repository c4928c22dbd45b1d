#include "control/call_receiver.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "fault/hash.h"
#include "os/foreign.h"
#include "os/subject_view.h"
#include "os/thread_policy.h"

namespace relapse::run {

using model::Result;
using os::CallKind;

namespace {

// getrandom never hands out more at once without being interruptible; asking for more is met by
// letting the kernel answer.
constexpr size_t kRandomBytesMax = 256;

// What goes through the pipe; owned by whoever takes it out. Null: something else has changed.
struct Parcel {
  HeldCall* call;
};

}  // namespace

Result<std::unique_ptr<CallReceiver>> CallReceiver::start(os::SeccompListener& listener,
                                                          os::Fd root, ReceiverOptions options) {
  std::unique_ptr<CallReceiver> receiver(
      new CallReceiver(listener, std::move(root), std::move(options)));
  for (auto* pipe : {&receiver->stop_, &receiver->calls_}) {
    auto made = os::make_pipe();
    if (!made) {
      return made.error();
    }
    *pipe = std::move(*made);
  }
  ::fcntl(receiver->calls_.read.get(), F_SETFL, O_NONBLOCK);
  receiver->thread_ = std::thread([raw = receiver.get()] { raw->loop(); });
  return receiver;
}

CallReceiver::CallReceiver(os::SeccompListener& listener, os::Fd root, ReceiverOptions options)
    : listener_(listener), root_(std::move(root)), options_(std::move(options)) {}

CallReceiver::~CallReceiver() {
  if (thread_.joinable()) {
    os::wake_reader(stop_.write);
    thread_.join();
    take(0);  // frees what nobody took
  }
}

void CallReceiver::loop() {
  if (options_.subject_cpu >= 0) {
    os::pin_to_cpu(0, options_.subject_cpu);
  }
  if (options_.fifo_priority > 0) {
    os::set_fifo(0, options_.fifo_priority);
  }
  while (!closed_) {
    // Listener and pidfd together: after the last exit the one alone may stay silent.
    std::array<pollfd, 3> set = {pollfd{listener_.fd(), POLLIN, 0},
                                 pollfd{stop_.read.get(), POLLIN, 0},
                                 pollfd{root_ended_ ? -1 : root_.get(), POLLIN, 0}};
    int ready = ::poll(set.data(), set.size(), -1);
    if (ready < 0 && errno != EINTR) {
      break;
    }
    if (set[1].revents != 0) {
      return;
    }
    if (set[0].revents & POLLIN) {
      if (!receive_one()) {
        break;
      }
    } else if (set[0].revents != 0) {
      break;
    }
    if (set[2].revents != 0) {
      root_ended_ = true;
      hand_over(nullptr);
    }
  }
  closed_ = true;
  hand_over(nullptr);
}

bool CallReceiver::receive_one() {
  auto notification = listener_.receive();
  if (!notification) {
    return false;
  }
  if (*notification) {
    dispose(**notification);
  }
  return true;
}

void CallReceiver::dispose(const os::Notification& notification) {
  auto call = os::resolve_call(listener_, notification);
  if (!call) {
    return;  // gone: nobody waits for an answer
  }
  if (call->kind == CallKind::kRandom) {
    fill_random(notification);
    return;
  }
  if (call->kind == CallKind::kPolicy) {
    // "Done", and not done: the thread must stay on its CPU and policy. A target that went away
    // needs no answer; any other failure shows in the next receive.
    (void)listener_.answer(notification.id, 0);
    return;
  }
  if (call->kind == CallKind::kListener) {
    refused_listener_ = true;
    (void)listener_.fail(notification.id, EBUSY);  // as the kernel would
    return;
  }
  bool begins = call->kind == CallKind::kBegin && begun_.insert(notification.tid).second;
  if (!begins && !is_point(*call)) {
    (void)listener_.let_go(notification.id);
    return;
  }
  auto held = std::make_unique<HeldCall>();
  const auto& args = notification.data.args;
  held->id = notification.id;
  held->tid = notification.tid;
  held->call = std::move(call->name);
  held->paths = std::move(call->paths);
  held->flags = call->open_flags;
  held->fd = static_cast<int>(args[0]);
  held->buffer = args[1];
  held->bytes = args[2];
  ++held_;
  hand_over(held.release());
}

bool CallReceiver::is_point(const os::ResolvedCall& call) const {
  const auto& anywhere = options_.anywhere;
  if (call.kind == CallKind::kStart ||
      std::find(anywhere.begin(), anywhere.end(), call.name) != anywhere.end()) {
    return true;
  }
  return std::any_of(call.paths.begin(), call.paths.end(), [&](const std::string& path) {
    return std::any_of(options_.folders.begin(), options_.folders.end(),
                       [&](const std::string& folder) { return os::is_within(path, folder); });
  });
}

void CallReceiver::fill_random(const os::Notification& notification) {
  std::uint64_t address = notification.data.args[0];
  std::uint64_t size = notification.data.args[1];
  std::array<std::uint64_t, kRandomBytesMax / sizeof(std::uint64_t)> bytes{};
  std::uint64_t call = fault::hash(options_.seed, random_calls_++);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = fault::hash(call, i);
  }
  bool filled =
      size <= sizeof(bytes) && os::write_memory(notification.tid, address, bytes.data(), size);
  if (filled) {
    (void)listener_.answer(notification.id, static_cast<std::int64_t>(size));
  } else {
    (void)listener_.let_go(notification.id);
  }
}

void CallReceiver::hand_over(HeldCall* call) {
  Parcel parcel{call};
  // Never full: a thread holds one call, and a pipe has room for 8192 pointers.
  if (::write(calls_.write.get(), &parcel, sizeof(parcel)) != sizeof(parcel)) {
    delete call;
    closed_ = true;
  }
}

std::vector<HeldCall> CallReceiver::take(int wait_us) {
  std::vector<HeldCall> out;
  std::array<Parcel, 64> batch{};
  if (wait_us > 0) {
    pollfd set{calls_.read.get(), POLLIN, 0};
    timespec limit{wait_us / 1'000'000, static_cast<long>(wait_us % 1'000'000) * 1000};
    ::ppoll(&set, 1, &limit, nullptr);
  }
  for (;;) {
    ssize_t size = ::read(calls_.read.get(), batch.data(), sizeof(batch));
    if (size <= 0) {
      return out;
    }
    for (size_t i = 0; i < static_cast<size_t>(size) / sizeof(Parcel); ++i) {
      std::unique_ptr<HeldCall> call(batch[i].call);
      if (call) {
        out.push_back(std::move(*call));
      }
    }
    if (static_cast<size_t>(size) < sizeof(batch)) {
      return out;  // that was all
    }
  }
}

}  // namespace relapse::run
