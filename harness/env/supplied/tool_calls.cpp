// How the tools that build and deploy are told which variables to use.
#include <algorithm>
#include <array>

#include "supplied/supply.h"

namespace relapse::env {

std::string_view to_word(SupplyState state) {
  switch (state) {
    case SupplyState::kAbsent:
      return "absent";
    case SupplyState::kEmpty:
      return "empty";
    case SupplyState::kSet:
      return "set";
  }
  return "";
}

namespace {

using Words = std::vector<std::string_view>;

struct Tool {
  std::string_view name;
  Words builds;       // subcommands that build or deploy; "": without one
  Words local;        // of these, the ones that build here, in this environment
  Words flags;        // NAME=VALUE, or NAME: from the environment
  Words colon_flags;  // NAME:VALUE
};

const std::vector<Tool>& tools_table() {
  static const std::vector<Tool> tools = {
      {"vercel",
       {"", "deploy", "build", "redeploy", "dev"},
       {"build", "dev"},
       {"--build-env", "-b", "--env", "-e"},
       {}},
      {"netlify", {"deploy", "build", "dev"}, {"deploy", "build", "dev"}, {}, {}},
      {"wrangler",
       {"deploy", "publish", "pages", "versions", "dev"},
       {"deploy", "publish", "pages", "versions", "dev"},
       {},
       {"--var", "--define"}},
      {"docker",
       {"build", "buildx", "compose", "run", "bake"},
       {"compose"},
       {"--build-arg", "--env", "-e"},
       {}},
      {"podman", {"build", "run"}, {}, {"--build-arg", "--env", "-e"}, {}},
      {"buildah", {"build", "bud"}, {}, {"--build-arg", "--env"}, {}},
      {"fly", {"deploy", "launch"}, {}, {"--build-arg", "--build-secret", "--env", "-e"}, {}},
      {"flyctl", {"deploy", "launch"}, {}, {"--build-arg", "--build-secret", "--env", "-e"}, {}},
      {"railway", {"up"}, {}, {}, {}},
      {"firebase", {"deploy"}, {"deploy"}, {}, {}},
      {"surge", {""}, {}, {}, {}},
      {"vite", {"build"}, {"build"}, {}, {}},
      {"next", {"build", "export"}, {"build", "export"}, {}, {}},
      {"nuxt", {"build", "generate"}, {"build", "generate"}, {}, {}},
      {"astro", {"build"}, {"build"}, {}, {}},
      {"webpack", {"", "build"}, {"", "build"}, {}, {}},
      {"turbo", {"build", "run", "deploy"}, {"build", "run", "deploy"}, {}, {}},
      {"nx",
       {"build", "run", "run-many", "affected"},
       {"build", "run", "run-many", "affected"},
       {},
       {}},
      {"cargo", {"build", "run", "install"}, {"build", "run", "install"}, {}, {}},
      {"go", {"build", "install", "generate"}, {"build", "install", "generate"}, {}, {}},
  };
  return tools;
}

bool is_in(std::string_view word, const Words& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_flag(std::string_view word) {
  return word.starts_with('-');
}

// Scripts of a project whose names say that they build: the others test, check or install.
bool names_a_build(std::string_view script) {
  static constexpr std::array<std::string_view, 7> kParts = {
      "build", "deploy", "release", "generate", "preview", "export", "bundle"};
  return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
    return script.find(part) != std::string_view::npos;
  });
}

class CallReader {
 public:
  CallReader(const RecordedCall& call, const std::vector<std::string>& tools)
      : call_(call), tools_(tools), words_(call.argv) {}

  CallFacts read() {
    facts_.mode = "production";
    unwrap();
    if (words_.empty()) {
      return facts_;
    }
    facts_.tool = words_.front();
    const auto& table = tools_table();
    const auto known = std::find_if(table.begin(), table.end(),
                                    [&](const Tool& tool) { return tool.name == facts_.tool; });
    if (std::find(tools_.begin(), tools_.end(), facts_.tool) != tools_.end()) {
      custom();
    } else if (known != table.end()) {
      of_tool(*known);
    } else if (is_package_manager(facts_.tool)) {
      of_package_manager();
    }
    find_mode();
    return facts_;
  }

 private:
  static bool is_package_manager(std::string_view word) {
    return is_in(word, {"npm", "pnpm", "yarn", "bun"});
  }

  void drop(size_t count) {
    words_.erase(words_.begin(),
                 words_.begin() + static_cast<std::ptrdiff_t>(std::min(count, words_.size())));
  }

  // npx --yes vercel@latest …, pnpm dlx …, npm exec -- …, cross-env A=1 …
  void unwrap() {
    for (bool again = true; again && !words_.empty();) {
      again = false;
      const std::string first = words_.front();
      if (is_in(first, {"npx", "bunx", "pnpx"})) {
        drop(1);
        again = true;
      } else if (is_package_manager(first) && words_.size() > 1 &&
                 (is_in(words_[1], {"dlx", "exec", "x"}) || is_tool(words_[1]))) {
        drop(is_tool(words_[1]) ? 1 : 2);
        again = true;
      } else if (is_in(first, {"cross-env", "env"})) {
        drop(1);
        again = true;
        while (!words_.empty() && words_.front().find('=') != std::string::npos) {
          name(words_.front(), '=');
          drop(1);
        }
      }
      while (again && !words_.empty() && is_flag(words_.front())) {
        drop(is_in(words_.front(), {"-p", "--package"}) ? 2 : 1);
      }
    }
    if (!words_.empty()) {
      const size_t version = words_.front().rfind('@');
      if (version != std::string::npos && version > 0) {
        words_.front().erase(version);
      }
    }
  }

  bool is_tool(std::string_view word) const {
    const auto& table = tools_table();
    return std::any_of(table.begin(), table.end(),
                       [&](const Tool& tool) { return tool.name == word; }) ||
           std::find(tools_.begin(), tools_.end(), word) != tools_.end();
  }

  // The first word that is neither a flag nor what may be a flag's value.
  std::string_view subcommand(const Words& known) const {
    for (size_t i = 1; i < words_.size(); ++i) {
      const bool free = !is_flag(words_[i - 1]) || words_[i - 1].find('=') != std::string::npos;
      if (!is_flag(words_[i]) && !words_[i].empty() && (free || is_in(words_[i], known))) {
        return words_[i];
      }
    }
    return "";
  }

  // NAME=VALUE; NAME alone stands for what the environment has.
  void name(std::string_view text, char mark) {
    const size_t at = text.find(mark);
    const std::string name(text.substr(0, at));
    if (at != std::string_view::npos) {
      facts_.named[name] = std::string(text.substr(at + 1));
      return;
    }
    const auto found = call_.env.find(name);
    facts_.named[name] = found == call_.env.end() ? SuppliedValue() : SuppliedValue(found->second);
  }

  void read_flags(const Words& flags, char mark) {
    for (size_t i = 1; i < words_.size(); ++i) {
      const std::string_view word = words_[i];
      if (is_in(word, flags) && i + 1 < words_.size()) {
        name(words_[++i], mark);
        continue;
      }
      for (auto flag : flags) {
        if (word.size() > flag.size() && word.starts_with(flag) && word[flag.size()] == '=') {
          name(word.substr(flag.size() + 1), mark);
        }
      }
    }
  }

  // docker's --secret id=npm,env=NAME, and bake's --set target.args.NAME=VALUE.
  void read_docker() {
    for (const auto& word : words_) {
      const size_t env = word.find("env=");
      if (word.find("id=") != std::string::npos && env != std::string::npos) {
        name(std::string_view(word).substr(env + 4, word.find(',', env) - env - 4), '=');
      }
      const size_t args = word.find(".args.");
      if (args != std::string::npos) {
        name(std::string_view(word).substr(args + 6), '=');
      }
    }
  }

  void of_tool(const Tool& tool) {
    const std::string_view sub = subcommand(tool.builds);
    // `vercel ./app` deploys as `vercel` does.
    const bool path = sub.find('/') != std::string_view::npos || sub == ".";
    facts_.builds = is_in(sub, tool.builds) || (path && is_in("", tool.builds));
    facts_.env_reaches = facts_.builds && is_in(sub, tool.local);
    read_flags(tool.flags, '=');
    read_flags(tool.colon_flags, ':');
    if (tool.name == "docker") {
      read_docker();
    }
  }

  void of_package_manager() {
    const bool runs = words_.size() > 1 && is_in(words_[1], {"run", "run-script"});
    for (size_t i = runs ? 2 : 1; i < words_.size(); ++i) {
      if (!is_flag(words_[i]) && names_a_build(words_[i])) {
        facts_.builds = facts_.env_reaches = true;
        return;
      }
    }
  }

  // A tool that only the user knows: every way of naming a variable is believed.
  void custom() {
    facts_.builds = facts_.env_reaches = true;
    read_flags({"--build-env", "-b", "--env", "-e", "--build-arg", "--set-env", "--var"}, '=');
  }

  void find_mode() {
    for (size_t i = 1; i < words_.size(); ++i) {
      if (words_[i] == "--mode" && i + 1 < words_.size()) {
        facts_.mode = words_[i + 1];
      } else if (words_[i].starts_with("--mode=")) {
        facts_.mode = words_[i].substr(7);
      }
    }
  }

  const RecordedCall& call_;
  const std::vector<std::string>& tools_;
  std::vector<std::string> words_;
  CallFacts facts_;
};

}  // namespace

CallFacts facts_of_call(const RecordedCall& call, const std::vector<std::string>& tools) {
  return CallReader(call, tools).read();
}

const std::vector<std::string>& deploying_tools() {
  static const std::vector<std::string> tools = [] {
    std::vector<std::string> names = {"npm", "npx",  "pnpm",      "pnpx",    "yarn",
                                      "bun", "bunx", "cross-env", "corepack"};
    for (const auto& tool : tools_table()) {
      names.emplace_back(tool.name);
    }
    return names;
  }();
  return tools;
}

bool is_known_tool(const std::string& tool, const std::vector<std::string>& tools) {
  for (const auto* known : {&deploying_tools(), &inert_tools(), &tools}) {
    if (std::find(known->begin(), known->end(), tool) != known->end()) {
      return true;
    }
  }
  return false;
}

// Programs that reach for the network or take long, and say nothing about a build.
const std::vector<std::string>& inert_tools() {
  static const std::vector<std::string> tools = {
      "apt",     "apt-get", "brew",      "pip",    "pip3",       "poetry", "uv",  "curl",
      "wget",    "ssh",     "scp",       "rsync",  "aws",        "gcloud", "az",  "gh",
      "kubectl", "helm",    "terraform", "pulumi", "sentry-cli", "heroku", "mvn", "gradle",
      "tsc",     "eslint",  "jest",      "vitest", "playwright", "pytest"};
  return tools;
}

}  // namespace relapse::env
