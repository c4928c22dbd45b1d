#include "builds/observe.h"

#include "catch.h"

namespace relapse::env {

namespace {

std::vector<std::string> shown(const std::vector<ObservedName>& names) {
  std::vector<std::string> out;
  for (const auto& one : names) {
    out.push_back(one.name + " " + one.by + " " + one.file + ":" + std::to_string(one.line));
  }
  return out;
}

struct Read {
  std::vector<std::string> names;
  std::vector<std::string> tools;
};

Read read(const std::vector<std::string>& lines, const std::set<std::string>& supplied = {},
          const std::map<std::string, std::string>& files = {}) {
  LogReading reading;
  reading.folder = "/w/app";
  reading.top = "/w";
  reading.supplied = supplied;
  reading.scan = [&](const std::string& path) -> std::optional<FileFindings> {
    auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(scan_text(path, found->second));
  };
  const auto report = read_logs(lines, reading);
  return {shown(report.names), shown(report.tools)};
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a read counts by its place") {
  const auto seen = read({
      "N\tTOKEN\t/w/app/vite.config.ts\t7\t/w/app/vite.config.ts:7:3\t50",
      "N\tSHARED\t/w/lib/a.js\t2\t/w/lib/a.js:2:1\t50",
      "N\tPLUGIN_KEY\t/w/app/node_modules/plugin/i.js\t9\t/w/app/node_modules/plugin/i.js:9:1\t50",
      "N\tnpm_config_x\t/usr/lib/node_modules/npm/i.js\t1\t/usr/lib/node_modules/npm/i.js:1:1\t50",
      "N\tCI\t/w/app/vite.config.ts\t8\t/w/app/vite.config.ts:8:3\t50",
      "G\tTMPDIR\t/usr/bin/cc\t/usr/bin/cc",
      "G\tMODE_OF_GEN\t/w/app/out/gen\t/w/app/out/gen",
      "P\tPY\t/w/app/gen.py\t3\t50",
  });
  CHECK(seen.names == Names{"MODE_OF_GEN getenv :0", "PY os.environ gen.py:3",
                            "SHARED process.env ../lib/a.js:2",
                            "TOKEN process.env vite.config.ts:7"});
  CHECK(seen.tools == Names{"PLUGIN_KEY process.env node_modules/plugin/i.js:9"});
}

TEST_CASE("a supplied name counts wherever it is read") {
  const std::string line =
      "N\tPLUGIN_KEY\t/w/node_modules/p/i.js\t9\t/w/node_modules/p/i.js:9:1\t50";
  CHECK(read({line}, {"PLUGIN_KEY"}).names ==
        Names{"PLUGIN_KEY process.env ../node_modules/p/i.js:9"});
  CHECK(read({"G\tTMPDIR\t/usr/bin/cc\t/usr/bin/cc"}, {"TMPDIR"}).names.size() == 1);
}

TEST_CASE("whoever copies the whole environment reads none of it") {
  // Listed, then each key at the same place.
  CHECK(
      read({"E\t*\t/w/app/a.js\t1\t/w/app/a.js:1:5\t2", "N\tA\t/w/app/a.js\t1\t/w/app/a.js:1:5\t2",
            "N\tB\t/w/app/a.js\t2\t/w/app/a.js:2:5\t2"})
          .names == Names{"B process.env a.js:2"});
  std::vector<std::string> lines;
  for (int i = 0; i < 9; ++i) {
    lines.push_back("P\tNAME_" + std::to_string(i) + "\t/w/app/a.py\t5\t10");
  }
  CHECK(read(lines).names.empty());
  lines.resize(3);  // three names on one line, of ten: asked for
  CHECK(read(lines).names.size() == 3);
  // A tool that passes on what has its prefix.
  CHECK(read({"E\t*\t/w/node_modules/v/n.js\t10\t/w/node_modules/v/n.js:10:20\t50",
              "N\tVITE_A\t/w/node_modules/v/n.js\t11\t/w/node_modules/v/n.js:11:40\t50"},
             {"VITE_A"})
            .names.empty());
}

TEST_CASE("of a bundled module only what its language reads counts") {
  const std::map<std::string, std::string> files = {
      {"/w/app/src/a.ts",
       "// import.meta.env.VITE_OLD\nconst s = \"import.meta.env.VITE_TEXT\";\n"
       "export const a = import.meta.env.VITE_A + import.meta.env.MODE;\n"}};
  const auto seen =
      read({"B\tVITE_OLD\t/w/app/src/a.ts\t1\timport.meta.env",
            "B\tVITE_TEXT\t/w/app/src/a.ts\t2\timport.meta.env",
            "B\tVITE_A\t/w/app/src/a.ts\t3\timport.meta.env",
            "B\tMODE\t/w/app/src/a.ts\t3\timport.meta.env", "F\t/w/app/src/a.ts\t\t/usr/bin/node"},
           {}, files);
  CHECK(seen.names == Names{"VITE_A bundler src/a.ts:3"});
}

TEST_CASE("what a shell and a compiler read is known from the sources that they open") {
  const std::map<std::string, std::string> files = {
      {"/w/app/build.sh", "echo \"${API_URL}\"\n"},
      {"/w/app/main.c", "int main(void) { return getenv(\"LEVEL\") != 0; }\n"},
      {"/w/app/node_modules/x.sh", "echo \"${NOT_OURS}\"\n"}};
  const auto seen = read({"F\t/w/app/build.sh\t\t/usr/bin/dash", "F\t/w/app/main.c\t\t/usr/lib/cc1",
                          "F\t/w/app/node_modules/x.sh\t\t/usr/bin/dash", "F\t/w/app/gone.c\t\t/x"},
                         {}, files);
  CHECK(seen.names == Names{"API_URL source build.sh:1", "LEVEL source main.c:1"});
}

TEST_CASE("code that the build has made holds its tools' reads too") {
  LogReading reading;
  reading.folder = reading.top = "/w";
  reading.scan = [](const std::string&) { return std::nullopt; };
  reading.was_there = [](const std::string& path) { return path != "/w/.next/chunk.js"; };
  const auto report = read_logs({"N\tFRAMEWORK\t/w/.next/chunk.js\t1\t/w/.next/chunk.js:1:9\t50",
                                 "N\tOURS\t/w/next.config.js\t1\t/w/next.config.js:1:9\t50"},
                                reading);
  CHECK(shown(report.names) == Names{"OURS process.env next.config.js:1"});
  CHECK(report.tools.size() == 1);
}

TEST_CASE("lines that were cut off are passed over") {
  CHECK(read({"", "N", "N\tA", "G\tA", "B\tA\t/w/app/a", "P\tA\t/w/app/a.py", "F", "?\t\t\t\t\t"})
            .names.empty());
}

}  // namespace relapse::env
