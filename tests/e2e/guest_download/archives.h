#pragma once
// Archives made at run time, sound and damaged.

#include <archive_entry.h>

#include <string>
#include <vector>

namespace guest_download_test {

struct Item {
  std::string path;
  std::string content;  // of a file; a symbolic link's text; the first name of a hard link
  unsigned type = AE_IFREG;
  unsigned mode = 0644;
  bool hard_link = false;
  long modified = 1'700'000'000;
};

Item directory(const std::string& path, unsigned mode = 0755);
Item symbolic_link(const std::string& path, const std::string& text);
Item hard_link(const std::string& path, const std::string& existing);

// Ends with the two blocks of zeros and no padding.
std::string tar(const std::vector<Item>& items);
std::string gzip(const std::string& content);
std::string tar_gz(const std::vector<Item>& items);

// Bytes that gzip cannot make smaller, the same for the same length.
std::string noise(size_t length);

}  // namespace guest_download_test
