#include "reports/markdown.h"

#include <string>

#include "canned/canned_record.h"
#include "catch.h"
#include "reports/markdown_text.h"
#include "reports/wait_picture.h"

using namespace relapse::model;
using namespace relapse::reports;

TEST_CASE("markup in a string is shown, not obeyed") {
  CHECK(markdown_inline("a|b") == "a&#124;b");
  CHECK(markdown_inline("<b>&amp;") == "&lt;b&gt;&amp;amp;");
  CHECK(markdown_inline("`*[x](y)~$\\") == "\\`\\*\\[x\\](y)\\~\\$\\\\");
  CHECK(markdown_inline("snake_case _em_") == "snake_case \\_em\\_");
  CHECK(markdown_inline("# a") == "\\# a");
  CHECK(markdown_inline("12. a") == "12\\. a");
  CHECK(markdown_inline("2.1.12 is a version") == "2.1.12 is a version");
  CHECK(markdown_inline("    a\nb") == "a b");
  CHECK(markdown_code("") == "");
  CHECK(markdown_code("a|b`") == "<code>a&#124;b\\`</code>");
}

TEST_CASE("nothing within a block can end it") {
  CHECK(markdown_block("a\n") == "```\na\n```\n");
  CHECK(markdown_block("```\na\n`````\n", "sh") == "``````sh\n```\na\n`````\n``````\n");
}

TEST_CASE("a row has as many cells as its head") {
  CHECK(markdown_row({"a", "b"}) == "| a | b |\n");
  CHECK(markdown_table_head({"a", "b"}) == "| a | b |\n| --- | --- |\n");
}

TEST_CASE("every section can stand alone, and the first ones tell most") {
  const auto sections = markdown_sections(relapse::canned::record());
  REQUIRE(sections.size() > 5);
  CHECK_THAT(sections[0], ContainsSubstring("# relapse: error\n"));
  CHECK_THAT(sections[1], ContainsSubstring("## Scenarios\n"));
  CHECK_THAT(sections[2], ContainsSubstring("## guest-download-overlap / skills-first: fail\n"));
  for (const std::string& section : sections) {
    CHECK(section.front() == '#');
    CHECK(section.back() == '\n');
  }
}

TEST_CASE("the picture shows who waits for whom") {
  Diagnosis diagnosis;
  CHECK(wait_picture(diagnosis) == "");
  diagnosis.nodes = {{{7, 70, "agent", ""}, 1, "waits", "read on fd 0"}};
  diagnosis.edges = {{7, 3, "fd 0 = \"pipe\"", Cause::kStdinOpen, false},
                     {3, std::nullopt, "timer", Cause::kTimer, true}};
  CHECK(wait_picture(diagnosis) ==
        "```mermaid\nflowchart LR\n"
        "  p3[\"pid 3\"]\n"
        "  p7[\"agent (pid 7)<br/>waits: read on fd 0\"]\n"
        "  p7 -->|\"fd 0 = #34;pipe#34;\"| p3\n"
        "  p3 -.->|\"timer (may time out)\"| nobody\n"
        "  nobody([\"nobody\"])\n```\n");
}

TEST_CASE("a graph that is too large to draw is told in words") {
  Diagnosis diagnosis;
  for (int pid = 1; pid <= 501; ++pid) {
    diagnosis.edges.push_back({pid, pid + 1, "a lock", Cause::kFileLock, false});
  }
  const auto text = wait_picture(diagnosis);
  CHECK_THAT(text, ContainsSubstring("    pid 1 waits for pid 2 by a lock\n    pid 2 waits"));
  CHECK(text.find("mermaid") == std::string::npos);
}
