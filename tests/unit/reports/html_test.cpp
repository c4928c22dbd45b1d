#include "reports/html.h"

#include "canned/canned_record.h"
#include "catch.h"

using Catch::Matchers::Contains;

TEST_CASE("what a subject wrote is shown in the page and never acts in it") {
  const auto page = relapse::reports::html_report(relapse::canned::record());
  CHECK_THAT(page, Contains("&lt;script&gt;alert(1)"));
  CHECK_THAT(page, !Contains("<script"));
  CHECK_THAT(page, !Contains("http"));  // nothing is fetched
  CHECK_THAT(page, !Contains(std::string(1, '\x1b')));
}

TEST_CASE("every link of the page leads to a section of it") {
  const auto page = relapse::reports::html_report(relapse::canned::record());
  const std::string link = "href=\"#";
  int links = 0;
  for (size_t at = page.find(link); at != std::string::npos; at = page.find(link, at + 1)) {
    const size_t begin = at + link.size();
    const std::string id = page.substr(begin, page.find('"', begin) - begin);
    CHECK_THAT(page, Contains("id=\"" + id + "\""));
    ++links;
  }
  CHECK(links > 3);
}

TEST_CASE("an empty element has an end tag, for HTML knows no other end") {
  CHECK_THAT(relapse::reports::html_report(relapse::canned::record()), !Contains("/>"));
}
