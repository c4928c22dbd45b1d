#include "world/zygote/orders.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "os/message.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

constexpr size_t kFirstFds = 5;  // of Request

Error garbled() {
  return {ErrorKind::kSystem, "the zygote's orders to PID 1 are garbled"};
}

}  // namespace

Result<model::WorldSpec> read_description(const os::Fd& description) {
  auto text = os::text_of_fd(description.get());
  if (!text) {
    return text.error();
  }
  return model::world_spec_from_json(nlohmann::json::parse(*text, nullptr, false));
}

Result<> send_orders(const os::Fd& socket, const Request& request, const Sources& sources) {
  const nlohmann::json counts = {{"mounts", sources.mounts.size()},
                                 {"copies", sources.copies.size()}};
  RELAPSE_TRY(
      os::send_message(socket.get(), counts.dump(),
                       {request.description.get(), request.control.get(), request.stdio[0].get(),
                        request.stdio[1].get(), request.stdio[2].get()}));
  std::vector<int> rest;
  for (const auto* fds : {&sources.mounts, &sources.copies}) {
    for (const auto& fd : *fds) {
      rest.push_back(fd.get());
    }
  }
  for (size_t sent = 0; sent < rest.size(); sent += os::kMessageFdsMax) {
    const size_t count = std::min(rest.size() - sent, os::kMessageFdsMax);
    const auto begin = rest.begin() + static_cast<std::ptrdiff_t>(sent);
    RELAPSE_TRY(os::send_message(socket.get(), "more",
                                 {begin, begin + static_cast<std::ptrdiff_t>(count)}));
  }
  return Done{};
}

Result<std::optional<Orders>> receive_orders(const os::Fd& socket) {
  auto first = os::receive_message(socket.get());
  if (!first) {
    return first.error();
  }
  if (!first->has_value()) {
    return std::optional<Orders>();
  }
  auto counts = nlohmann::json::parse((*first)->text, nullptr, false);
  auto& fds = (*first)->fds;
  if (!counts.is_object() || fds.size() != kFirstFds) {
    return garbled();
  }
  Orders orders;
  orders.request.description = std::move(fds[0]);
  orders.request.control = std::move(fds[1]);
  for (size_t i = 0; i < orders.request.stdio.size(); ++i) {
    orders.request.stdio.at(i) = std::move(fds[2 + i]);
  }
  const size_t mounts = counts.value("mounts", size_t{0});
  const size_t copies = counts.value("copies", size_t{0});
  while (orders.sources.mounts.size() + orders.sources.copies.size() < mounts + copies) {
    auto more = os::receive_message(socket.get());
    if (!more || !more->has_value() || (*more)->fds.empty()) {
      return more ? garbled() : more.error();
    }
    for (auto& fd : (*more)->fds) {
      const bool is_mount = orders.sources.mounts.size() < mounts;
      (is_mount ? orders.sources.mounts : orders.sources.copies).push_back(std::move(fd));
    }
  }
  return std::optional<Orders>(std::move(orders));
}

}  // namespace relapse::world
