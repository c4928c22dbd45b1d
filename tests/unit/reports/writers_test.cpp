#include "reports/writers.h"

#include <fstream>
#include <string>

#include "canned/canned_record.h"
#include "catch.h"
#include "folder.h"
#include "os/files.h"

using namespace relapse;

TEST_CASE("a writer is found by its name") {
  REQUIRE(reports::find_writer("junit") != nullptr);
  CHECK(reports::find_writer("junit")->file == "junit.xml");
  CHECK(reports::find_writer("morse") == nullptr);
}

TEST_CASE("a report's folder is made, and holds every form that has a file") {
  const Folder folder;
  const auto dir = folder / "deep/down";
  const auto record = canned::record();
  REQUIRE(reports::write_all(dir, record).ok());
  for (const auto* name : {"record.json", "junit.xml", "report.md"}) {
    CHECK(std::filesystem::is_regular_file(dir / name));
  }
  const auto text = os::read_file(dir / "record.json");
  REQUIRE(text.ok());
  const auto back = model::record_from_text(*text);
  REQUIRE(back.ok());
  CHECK(back->scenarios.size() == record.scenarios.size());

  REQUIRE(reports::write_all(dir, model::Record{}).ok());  // again, over what is there
  size_t files = 0;
  for (const auto& item : std::filesystem::directory_iterator(dir)) {
    ++files;
    CHECK(item.path().extension() != ".part");
  }
  CHECK(files == 4);
}

TEST_CASE("a report that cannot be written says where") {
  const Folder folder;
  std::ofstream(folder / "file") << "in the way";
  const auto no_folder = reports::write_all(folder / "file", model::Record{});
  REQUIRE_FALSE(no_folder.ok());
  CHECK_THAT(no_folder.error().text(), ContainsSubstring((folder / "file").string()));

  std::filesystem::create_directories(folder / "out/junit.xml");
  const auto no_file = reports::write_all(folder / "out", model::Record{});
  REQUIRE_FALSE(no_file.ok());
  CHECK_THAT(no_file.error().text(), ContainsSubstring((folder / "out/junit.xml").string()));
}
