#include "run/record_file.h"

#include "os/files.h"

namespace relapse::run {

model::Result<model::Record> read_record_file(const std::string& file) {
  auto text = os::read_file(file);
  if (!text) {
    return model::Error{model::ErrorKind::kUsage, text.error().message,
                        "give the record.json that --report wrote"};
  }
  return model::record_from_text(*text, file);
}

}  // namespace relapse::run
