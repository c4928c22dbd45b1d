#include "archives.h"

#include <archive.h>

#include <algorithm>
#include <clocale>
#include <memory>
#include <random>
#include <stdexcept>

namespace guest_download_test {

namespace {

class Writer {
 public:
  using Setup = int (*)(archive*);

  Writer(Setup format, Setup filter) {
    check(format(archive_.get()));
    check(filter(archive_.get()));
    check(archive_write_set_bytes_per_block(archive_.get(), 0));
    check(archive_write_set_bytes_in_last_block(archive_.get(), 1));
    check(archive_write_open(archive_.get(), &out_, nullptr, &Writer::append, nullptr));
  }

  void add(const Item& item) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              &archive_entry_free);
    archive_entry_set_pathname(entry.get(), item.path.c_str());
    archive_entry_set_filetype(entry.get(), item.type);
    archive_entry_set_perm(entry.get(), static_cast<mode_t>(item.mode));
    archive_entry_set_mtime(entry.get(), item.modified, 0);
    if (item.hard_link) {
      archive_entry_set_hardlink(entry.get(), item.content.c_str());
    } else if (item.type == AE_IFLNK) {
      archive_entry_set_symlink(entry.get(), item.content.c_str());
    } else if (item.type == AE_IFREG) {
      archive_entry_set_size(entry.get(), static_cast<la_int64_t>(item.content.size()));
    }
    check(archive_write_header(archive_.get(), entry.get()));
    if (item.type == AE_IFREG && !item.hard_link) {
      archive_write_data(archive_.get(), item.content.data(), item.content.size());
    }
  }

  std::string finish() {
    check(archive_write_close(archive_.get()));
    return out_;
  }

 private:
  static la_ssize_t append(archive*, void* out, const void* data, size_t size) {
    static_cast<std::string*>(out)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  }

  void check(int status) const {
    if (status != ARCHIVE_OK) {
      throw std::runtime_error(archive_error_string(archive_.get()));
    }
  }

  std::string out_;
  std::unique_ptr<archive, decltype(&archive_write_free)> archive_{archive_write_new(),
                                                                   &archive_write_free};
};

}  // namespace

Item directory(const std::string& path, unsigned mode) {
  return {path, "", AE_IFDIR, mode};
}

Item symbolic_link(const std::string& path, const std::string& text) {
  return {path, text, AE_IFLNK, 0777};
}

Item hard_link(const std::string& path, const std::string& existing) {
  return {path, existing, AE_IFREG, 0644, true};
}

std::string tar(const std::vector<Item>& items) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // else libarchive refuses names beyond ASCII
  Writer writer(&archive_write_set_format_pax_restricted, &archive_write_add_filter_none);
  for (const Item& item : items) {
    writer.add(item);
  }
  return writer.finish();
}

std::string gzip(const std::string& content) {
  Writer writer(&archive_write_set_format_raw, &archive_write_add_filter_gzip);
  writer.add({"", content});
  return writer.finish();
}

std::string tar_gz(const std::vector<Item>& items) {
  return gzip(tar(items));
}

std::string noise(size_t length) {
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same every time
  std::string bytes(length, '\0');
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
  return bytes;
}

}  // namespace guest_download_test
