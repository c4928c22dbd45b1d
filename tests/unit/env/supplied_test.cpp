#include "supplied/supplied.h"

#include <fmt/format.h>

#include <set>

#include "local_runner.h"

using namespace relapse::env;
using nlohmann::json;

namespace {

using Lines = std::set<std::string>;

const json kValues = {{"vars", {{"A", "value-a"}, {"EMPTY", ""}, {"LIVE", ""}, {"TEST", "t"}}},
                      {"secrets", {{"S", "value-s"}}}};

SuppliedReport report_of(const Repository& repository, const std::string& job = "deploy",
                         const std::vector<std::string>& tools = {}, const json& values = kValues) {
  JobRequest request;
  request.workflow = repository.path(".github/workflows/deploy.yml");
  request.job = job;
  request.values = values;
  request.tools = tools;
  request.base = repository.path("recorder");
  LocalRunner runner;
  auto report = find_supplied(request, runner);
  INFO((report ? "" : report.error().text()));
  REQUIRE(report);
  const std::string shown = to_json(*report).dump() + to_table(*report);
  CHECK(shown.find("value-") == std::string::npos);
  return *report;
}

// "NAME state:line"
Lines names_of(const SuppliedReport& report) {
  Lines out;
  for (const auto& name : report.names) {
    out.insert(fmt::format("{} {}:{}", name.name, to_word(name.state), name.line));
  }
  return out;
}

Lines supplied(const std::string& workflow, const std::vector<std::string>& tools = {}) {
  const Repository repository{{".github/workflows/deploy.yml", workflow}};
  return names_of(report_of(repository, "deploy", tools));
}

const std::string kHead = "jobs:\n  deploy:\n    steps:\n";

}  // namespace

TEST_CASE("a step's empty value hides the workflow's good one") {
  CHECK(supplied("env:\n  X: good\n  Y: ${{ vars.A }}\njobs:\n  deploy:\n    env: { Z: z }\n"
                 "    steps:\n"
                 "      - run: npm ci\n"
                 "      - run: npm run build\n"
                 "        env:\n"
                 "          X: ${{ vars.EMPTY }}\n") == Lines{"X empty:11", "Y set:3", "Z set:6"});
}

TEST_CASE("an env map cannot refer to itself, a step's may refer to the job's") {
  CHECK(supplied("jobs:\n  deploy:\n    env:\n      A: a\n      B: ${{ env.A }}\n    steps:\n"
                 "      - run: npm run build\n"
                 "        env:\n          C: ${{ env.A }}\n          D: ${{ env.C }}\n") ==
        Lines{"A set:4", "B empty:5", "C set:9", "D empty:10"});
}

TEST_CASE("what a condition falls through to is set, and a fallback counts") {
  CHECK(
      supplied(kHead +
               "      - run: vercel deploy --build-env A=\"${{ true && vars.LIVE || vars.TEST }}\" "
               "-b B=${{ vars.LIVE }} -e C\n"
               "        env: { C: c }\n") == Lines{"A set:4", "B empty:4", "C set:5"});
}

TEST_CASE("an undefined variable is empty, and is told by its name") {
  const Repository repository{
      {".github/workflows/deploy.yml", kHead + "      - run: npm run build\n        env:\n"
                                               "          X: ${{ vars.NONE }}\n"}};
  const auto report = report_of(repository);
  REQUIRE(report.names.size() == 1);
  CHECK(report.names[0].state == SupplyState::kEmpty);
  CHECK(report.names[0].because == "vars.NONE is not defined");
}

TEST_CASE("--build-arg with a name alone takes the environment's, or nothing") {
  CHECK(supplied(kHead + "      - run: |\n"
                         "          docker build --build-arg A --build-arg B \\\n"
                         "            --build-arg=C=c --secret id=d,env=D .\n"
                         "        env: { A: a, D: '' }\n") ==
        Lines{"A set:7", "B absent:5", "C set:6", "D empty:7"});
}

TEST_CASE("GITHUB_ENV, GITHUB_OUTPUT and GITHUB_PATH of earlier steps count") {
  CHECK(supplied(kHead +
                 "      - run: |\n"
                 "          echo \"A=1\" >> $GITHUB_ENV\n"
                 "          { echo 'B<<END'; echo two; echo lines; echo END; } >> \"$GITHUB_ENV\"\n"
                 "      - id: one\n"
                 "        run: echo \"url=x\" >> $GITHUB_OUTPUT\n"
                 "      - run: npm run build\n"
                 "        env:\n"
                 "          C: ${{ steps.one.outputs.url }}\n"
                 "          D: ${{ steps.one.outputs.none }}\n"
                 "          E: ${{ env.A }}\n") ==
        Lines{"A set:5", "B set:6", "C set:11", "D empty:12", "E set:13"});
}

TEST_CASE("of a matrix, the worst leg counts") {
  const Repository repository{
      {".github/workflows/deploy.yml",
       "jobs:\n  deploy:\n    strategy:\n      matrix:\n        stage: [live, test]\n"
       "        include: [{stage: test, key: k}]\n    steps:\n"
       "      - run: vercel --build-env A=${{ matrix.key }} ${{ matrix.stage == 'live' && "
       "'--build-env B=b' || '' }}\n"}};
  const auto report = report_of(repository);
  CHECK(names_of(report) == Lines{"A empty:8", "B absent:8"});
  CHECK(report.find("A")->leg == "stage=live");
  CHECK(report.find("B")->leg == "key=k, stage=test");
}

TEST_CASE("a composite action's script says what the deploying tool gets") {
  const Repository repository{
      {".github/workflows/deploy.yml", kHead + "      - uses: actions/checkout@v4\n"
                                               "      - uses: ./.github/actions/deploy\n"
                                               "        with:\n"
                                               "          production: ''\n"
                                               "          environment-variables: |\n"
                                               "            # A=no\n"
                                               "            A=${{ vars.A }}\n"
                                               "\n"
                                               "            S=${{ secrets.S }}\n"
                                               "            N=${{ vars.NONE }}\n"},
      {".github/actions/deploy/action.yml",
       "inputs:\n  environment-variables: {}\n  production: { default: 'true' }\n"
       "  other: { default: d }\n"
       "outputs:\n  url: { value: \"${{ steps.d.outputs.url }}\" }\n"
       "runs:\n  using: composite\n  steps:\n"
       "    - id: d\n      shell: bash\n"
       "      env:\n        LINES_IN: ${{ inputs.environment-variables }}\n"
       "        SECRET: ${{ secrets.S }}\n"
       "      run: |\n"
       "        args=()\n"
       "        while IFS= read -r line; do\n"
       "          case \"$line\" in ''|\\#*) continue ;; esac\n"
       "          args+=(--build-env \"$line\" --env \"$line\")\n"
       "        done <<<\"$LINES_IN\"\n"
       "        args+=(-b P=${{ inputs.production }} -b O=${{ inputs.other }} -b T=$SECRET)\n"
       "        url=$(npx --yes vercel@latest deploy \"${args[@]}\")\n"
       "        echo \"url=$url\" >> $GITHUB_OUTPUT\n"}};
  const auto report = report_of(repository);
  // An input that is given empty does not take its default; an action sees no secrets.
  CHECK(names_of(report) ==
        Lines{"A set:10", "S set:12", "N empty:13", "P empty:21", "O set:21", "T empty:21"});
  CHECK(report.find("A")->file == ".github/workflows/deploy.yml");
  CHECK(report.find("O")->file == ".github/actions/deploy/action.yml");
}

TEST_CASE("a reusable workflow gets neither env nor secrets unless they are handed over") {
  const std::string called =
      "on:\n  workflow_call:\n    inputs: { name: { type: string }, other: { default: d } }\n"
      "jobs:\n  inner:\n    steps:\n"
      "      - run: npm run build\n        env:\n"
      "          FROM_ENV: ${{ env.OUTER }}\n"
      "          FROM_SECRET: ${{ secrets.S }}\n"
      "          FROM_VAR: ${{ vars.A }}\n"
      "          FROM_INPUT: ${{ inputs.name }}\n"
      "          FROM_DEFAULT: ${{ inputs.other }}\n";
  const std::string caller =
      "env: { OUTER: x }\njobs:\n  deploy:\n"
      "    uses: ./.github/workflows/called.yml\n"
      "    with: { name: n }\n";
  const Repository plain{{".github/workflows/deploy.yml", caller},
                         {".github/workflows/called.yml", called}};
  CHECK(names_of(report_of(plain)) == Lines{"FROM_ENV empty:9", "FROM_SECRET empty:10",
                                            "FROM_VAR set:11", "FROM_INPUT set:12",
                                            "FROM_DEFAULT set:13"});
  const Repository inherits{{".github/workflows/deploy.yml", caller + "    secrets: inherit\n"},
                            {".github/workflows/called.yml", called}};
  CHECK(report_of(inherits).find("FROM_SECRET")->state == SupplyState::kSet);
  const Repository handed{
      {".github/workflows/deploy.yml", caller + "    secrets: { S: '${{ secrets.S }}' }\n"},
      {".github/workflows/called.yml", called}};
  CHECK(report_of(handed).find("FROM_SECRET")->state == SupplyState::kSet);
}

TEST_CASE("files that an earlier step wrote are there, .env files among them") {
  const Repository repository{
      {".github/workflows/deploy.yml",
       kHead + "      - run: printf 'C=c\\nB=%s\\n' ${{ vars.A }} > .env.production\n"
               "      - run: vercel build\n        env: { C: '' }\n"},
      {".env", "A=a\nB=\nD=\n"},
      {".env.production", "C=c\n"},
      {".env.development", "E=e\n"},
      {"vite.config.ts", ""}};
  CHECK(names_of(report_of(repository)) == Lines{"A set:1", "B set:2", "C empty:6", "D empty:3"});
}

TEST_CASE("what does not build gives nothing, and a tool of the user's is believed") {
  CHECK(supplied(kHead + "      - run: npm ci && npm test && vercel pull --yes\n"
                         "        env: { X: x }\n") == Lines{});
  CHECK(supplied(kHead + "      - run: ship --env A=1 --env=B=\n        env: { X: x }\n",
                 {"ship"}) == Lines{"A set:4", "B empty:4", "X set:5"});
}

TEST_CASE("a step whose condition is false is not run, a failing one is told") {
  const Repository repository{
      {".github/workflows/deploy.yml",
       kHead + "      - if: github.ref_name == 'other'\n        run: npm run build\n"
               "        env: { X: x }\n"
               "      - run: exit 3\n"
               "      - run: npm run build\n        env: { Y: y }\n"}};
  const auto report = report_of(repository);
  CHECK(names_of(report) == Lines{"Y set:9"});
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].line == 7);
}

TEST_CASE("errors name the file, the line and the remedy") {
  LocalRunner runner;
  const Repository repository{
      {".github/workflows/deploy.yml", kHead + "      - run: npm run ${{ var.A }}\n"},
      {".github/workflows/broken.yml", "jobs:\n  a: [\n"},
      {".github/workflows/other.yml", "a: 1\n"}};
  JobRequest request;
  request.workflow = repository.path(".github/workflows/deploy.yml");
  request.job = "deplo";
  CHECK(find_supplied(request, runner).error().remedy == "did you mean 'deploy'?");
  request.job = "deploy";
  auto bad = find_supplied(request, runner);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().text() ==
        ".github/workflows/deploy.yml:4: there is no context 'var' (did you mean 'vars'?)");
  request.workflow = repository.path(".github/workflows/broken.yml");
  CHECK(find_supplied(request, runner).error().line > 0);
  request.workflow = repository.path(".github/workflows/other.yml");
  CHECK(find_supplied(request, runner).error().message == "this is no workflow: it has no 'jobs'");
}

TEST_CASE("values: an object of objects, and an error quotes none of them") {
  CHECK(parse_values(R"({"vars": {"A": "1"}})", "v.json"));
  auto wrong = parse_values("{\n \"vras\": {\"A\": \"secret\"}}", "v.json");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().text() == "v.json:2: there is no field 'vras' (did you mean 'vars'?)");
  auto broken = parse_values("{\"vars\": {\"A\": secret", "v.json");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().text().find("secret\"") == std::string::npos);
}
