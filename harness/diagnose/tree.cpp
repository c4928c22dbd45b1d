#include "diagnose/tree.h"

#include <unistd.h>

namespace relapse::diagnose {

namespace {

constexpr int kMostGenerations = 4096;  // a chain of parents read at different moments may be torn

}  // namespace

bool Tree::root_ended() const {
  auto root = members_.find(root_);
  return root == members_.end() || root->second.state == 'Z' || root->second.state == 'X';
}

bool Tree::orphan(const os::ProcStat& stat) const {
  if (stat.pid == root_) {
    return false;
  }
  auto origin = origins_.find(stat.pid);
  bool lost = origin != origins_.end() && origin->second.parent != stat.ppid;
  return lost || members_.count(stat.ppid) == 0;
}

// An ended process's namespace cannot be read, so it is asked once for each and remembered.
bool Tree::in_root_namespace(const os::ProcStat& stat) {
  if (root_namespace_ == own_namespace_) {
    return false;
  }
  auto known = namespaces_.find(stat.pid);
  if (known == namespaces_.end() || known->second.first != stat.started) {
    std::uint64_t id = os::namespace_id(stat.pid, "pid").value_or(0);
    known = namespaces_.insert_or_assign(stat.pid, std::pair{stat.started, id}).first;
  }
  return known->second.second == root_namespace_;
}

bool Tree::belongs(const os::ProcStat& stat, const std::map<int, os::ProcStat>& all) {
  if ((leads_group_ && stat.pgrp == root_) || (leads_session_ && stat.session == root_)) {
    return true;
  }
  const os::ProcStat* at = &stat;
  for (int i = 0; i < kMostGenerations; ++i) {
    auto before = origins_.find(at->pid);
    if (at->pid == root_ || (before != origins_.end() && before->second.started == at->started)) {
      return true;
    }
    auto parent = all.find(at->ppid);
    if (parent == all.end() || at->ppid == at->pid) {
      break;
    }
    at = &parent->second;
  }
  return in_root_namespace(stat);
}

const std::map<int, os::ProcStat>& Tree::update() {
  std::map<int, os::ProcStat> all;
  for (int pid : os::list_pids()) {
    if (auto stat = os::read_stat(pid)) {
      all.emplace(pid, std::move(*stat));
    }
  }
  members_.clear();
  others_.clear();
  auto root = all.find(root_);
  bool known = root_started_ != 0;
  if (root != all.end() && (!known || root->second.started == root_started_)) {
    root_started_ = root->second.started;
    // It may become a leader only after we first saw it.
    leads_group_ = leads_group_ || root->second.pgrp == root_;
    leads_session_ = leads_session_ || root->second.session == root_;
    own_namespace_ = os::namespace_id(::getpid(), "pid").value_or(0);
    root_namespace_ = os::namespace_id(root_, "pid").value_or(own_namespace_);
  } else if (root != all.end()) {
    all.erase(root);  // the number is used again by somebody else
  }
  const int self = ::getpid();
  for (auto& [pid, stat] : all) {
    if (pid != self && belongs(stat, all)) {
      auto origin = origins_.find(pid);
      if (origin == origins_.end() || origin->second.started != stat.started) {
        origins_[pid] = {stat.started, stat.ppid};
      }
      members_.emplace(pid, stat);
    } else {
      others_.emplace(pid, stat);
    }
  }
  return members_;
}

}  // namespace relapse::diagnose
