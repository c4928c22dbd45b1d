#include "os/subject_view.h"

#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <vector>

namespace relapse::os {

namespace {

constexpr size_t kPageBytes = 4096;  // the smallest page: a read within one never half fails
constexpr std::string_view kDeleted = " (deleted)";

}  // namespace

bool read_memory(int tid, std::uint64_t address, void* into, size_t size) {
  iovec local{into, size};
  iovec remote{reinterpret_cast<void*>(address), size};  // NOLINT(performance-no-int-to-ptr)
  return ::process_vm_readv(tid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

bool write_memory(int tid, std::uint64_t address, const void* from, size_t size) {
  iovec local{const_cast<void*>(from), size};
  iovec remote{reinterpret_cast<void*>(address), size};  // NOLINT(performance-no-int-to-ptr)
  return ::process_vm_writev(tid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

std::optional<std::string> read_path(int tid, std::uint64_t address) {
  std::string path;
  std::array<char, kPageBytes> chunk{};
  while (path.size() < PATH_MAX) {
    size_t to_page_end = kPageBytes - address % kPageBytes;
    if (!read_memory(tid, address, chunk.data(), to_page_end)) {
      return std::nullopt;
    }
    size_t length = ::strnlen(chunk.data(), to_page_end);
    path.append(chunk.data(), length);
    if (length < to_page_end) {
      return path;
    }
    address += to_page_end;
  }
  return std::nullopt;
}

std::optional<std::string> proc_link(int tid, std::string_view name) {
  std::array<char, PATH_MAX> target{};
  std::string link = fmt::format("/proc/{}/{}", tid, name);
  ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  if (size <= 0 || static_cast<size_t>(size) == target.size()) {
    return std::nullopt;
  }
  std::string_view text(target.data(), static_cast<size_t>(size));
  if (text.size() > kDeleted.size() && text.substr(text.size() - kDeleted.size()) == kDeleted) {
    text.remove_suffix(kDeleted.size());
  }
  return std::string(text);
}

std::string normal_path(std::string_view base, std::string_view path) {
  std::string whole(path);
  if (path.empty() || path.front() != '/') {
    whole = fmt::format("{}/{}", base, path);
  }
  std::vector<std::string_view> parts;
  std::string_view rest(whole);
  while (!rest.empty()) {
    size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (!part.empty() && part != "." && part != "..") {
      parts.push_back(part);
    }
  }
  std::string out;
  for (auto part : parts) {
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

bool is_within(std::string_view path, std::string_view folder) {
  while (folder.size() > 1 && folder.back() == '/') {
    folder.remove_suffix(1);
  }
  if (folder == "/") {
    return !path.empty() && path.front() == '/';
  }
  return path.substr(0, folder.size()) == folder &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace relapse::os
