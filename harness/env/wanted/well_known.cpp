// Names that nobody supplies by hand: each with who gives it.
#include <algorithm>
#include <array>

#include "wanted/scan.h"

namespace relapse::env {

namespace {

struct Known {
  std::string_view name;  // a last "*" stands for any rest
  std::string_view because;
};

constexpr std::string_view kSystem = "given by the system or the shell";
constexpr std::string_view kTool = "set by the build tool itself";
constexpr std::string_view kGithub = "set by GitHub itself";
constexpr std::string_view kCi = "set by the CI service itself";
constexpr std::string_view kHost = "set by the hosting service itself";

constexpr std::array kKnown = std::to_array<Known>({
    {"GITHUB_*", kGithub},
    {"RUNNER_*", kGithub},
    {"ACTIONS_*", kGithub},
    {"CI", kCi},
    {"CONTINUOUS_INTEGRATION", kCi},
    {"BUILD_NUMBER", kCi},
    {"GITLAB_CI", kCi},
    {"CI_COMMIT_*", kCi},
    {"CI_PIPELINE_*", kCi},
    {"CI_JOB_*", kCi},
    {"CI_PROJECT_*", kCi},
    {"BUILDKITE*", kCi},
    {"CIRCLECI", kCi},
    {"CIRCLE_*", kCi},
    {"TRAVIS*", kCi},
    {"JENKINS_*", kCi},
    {"VERCEL", kHost},
    {"VERCEL_ENV", kHost},
    {"VERCEL_TARGET_ENV", kHost},
    {"VERCEL_URL", kHost},
    {"VERCEL_BRANCH_URL", kHost},
    {"VERCEL_PROJECT_PRODUCTION_URL", kHost},
    {"VERCEL_REGION", kHost},
    {"VERCEL_GIT_*", kHost},
    {"NEXT_PUBLIC_VERCEL_*", kHost},
    {"NETLIFY", kHost},
    {"CF_PAGES", kHost},
    {"CF_PAGES_*", kHost},
    {"FLY_APP_NAME", kHost},
    {"FLY_REGION", kHost},
    {"KUBERNETES_SERVICE_HOST", kHost},
    {"NODE_ENV", kTool},
    {"NODE_OPTIONS", kTool},
    {"NODE_PATH", kTool},
    {"NEXT_RUNTIME", kTool},
    {"NEXT_PHASE", kTool},
    {"VITEST", kTool},
    {"VITEST_*", kTool},
    {"JEST_WORKER_ID", kTool},
    {"INIT_CWD", kTool},
    {"npm_*", kTool},
    {"MAKEFLAGS", kTool},
    {"MAKELEVEL", kTool},
    {"MFLAGS", kTool},
    {"CARGO_*", kTool},
    {"OUT_DIR", kTool},
    {"TARGETPLATFORM", kTool},
    {"TARGETOS", kTool},
    {"TARGETARCH", kTool},
    {"TARGETVARIANT", kTool},
    {"BUILDPLATFORM", kTool},
    {"BUILDOS", kTool},
    {"BUILDARCH", kTool},
    {"VIRTUAL_ENV", kTool},
    {"HOME", kSystem},
    {"PATH", kSystem},
    {"PWD", kSystem},
    {"OLDPWD", kSystem},
    {"USER", kSystem},
    {"LOGNAME", kSystem},
    {"USERPROFILE", kSystem},
    {"USERNAME", kSystem},
    {"APPDATA", kSystem},
    {"LOCALAPPDATA", kSystem},
    {"PROGRAMDATA", kSystem},
    {"SystemRoot", kSystem},
    {"ComSpec", kSystem},
    {"SHELL", kSystem},
    {"SHLVL", kSystem},
    {"TERM", kSystem},
    {"TERM_PROGRAM", kSystem},
    {"COLORTERM", kSystem},
    {"COLUMNS", kSystem},
    {"LINES", kSystem},
    {"NO_COLOR", kSystem},
    {"FORCE_COLOR", kSystem},
    {"LANG", kSystem},
    {"LANGUAGE", kSystem},
    {"LC_*", kSystem},
    {"TZ", kSystem},
    {"TMPDIR", kSystem},
    {"TMP", kSystem},
    {"TEMP", kSystem},
    {"EDITOR", kSystem},
    {"VISUAL", kSystem},
    {"PAGER", kSystem},
    {"DISPLAY", kSystem},
    {"XDG_*", kSystem},
    {"SSH_AUTH_SOCK", kSystem},
    {"HOSTNAME", kSystem},
    {"HOSTTYPE", kSystem},
    {"MACHTYPE", kSystem},
    {"OSTYPE", kSystem},
    {"BASH", kSystem},
    {"BASH_*", kSystem},
    {"BASHPID", kSystem},
    {"RANDOM", kSystem},
    {"SRANDOM", kSystem},
    {"EPOCHSECONDS", kSystem},
    {"EPOCHREALTIME", kSystem},
    {"SECONDS", kSystem},
    {"LINENO", kSystem},
    {"FUNCNAME", kSystem},
    {"PIPESTATUS", kSystem},
    {"IFS", kSystem},
    {"OPTARG", kSystem},
    {"OPTIND", kSystem},
    {"OPTERR", kSystem},
    {"REPLY", kSystem},
    {"UID", kSystem},
    {"EUID", kSystem},
    {"PPID", kSystem},
    {"PS1", kSystem},
    {"ZSH_VERSION", kSystem},
});

}  // namespace

std::string_view well_known(std::string_view name) {
  const auto found = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& known) {
    return known.name.ends_with('*') ? name.starts_with(known.name.substr(0, known.name.size() - 1))
                                     : name == known.name;
  });
  return found == kKnown.end() ? std::string_view() : found->because;
}

}  // namespace relapse::env
