#pragma once
// What a subject's held thread sees: its memory, and the names behind its descriptors. All of it
// is true only while the thread is held: re-check the notification's id afterwards.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace relapse::os {

// Exactly `size` bytes, or nothing.
bool read_memory(int tid, std::uint64_t address, void* into, size_t size);
bool write_memory(int tid, std::uint64_t address, const void* from, size_t size);

// The NUL-terminated string at `address`; nothing if it is unreadable or longer than PATH_MAX.
std::optional<std::string> read_path(int tid, std::uint64_t address);

// Where the link /proc/TID/NAME leads ("cwd", "fd/7"), without " (deleted)"; nothing if the
// object is gone. Paths are as the subject's mount namespace has them.
std::optional<std::string> proc_link(int tid, std::string_view name);

// Lexically: one slash between parts, no ".", ".." taken back. `base` precedes a relative path.
std::string normal_path(std::string_view base, std::string_view path);

// Whether `path` is `folder` or lies below it.
bool is_within(std::string_view path, std::string_view folder);

}  // namespace relapse::os
