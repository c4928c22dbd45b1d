#include "contract/contract.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "model/fields.h"
#include "model/json_lines.h"
#include "model/nearest.h"
#include "os/files.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using model::Fields;
using model::Result;
using nlohmann::json;

namespace {

std::string below(const std::string& folder, const std::string& path) {
  return (fs::path(folder) / path).lexically_normal().string();
}

// The shell's rule for names (POSIX, XBD 8.1), in either case.
bool is_variable_name(const std::string& name) {
  const auto well = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), well);
}

Result<ContractBuild> read_build(const json& value) {
  Fields fields(value, "/build");
  ContractBuild build;
  build.command = fields.required_text("command");
  if (const json* output = fields.child("output"); output != nullptr && output->is_string()) {
    build.outputs.push_back(output->get<std::string>());
  } else {
    build.outputs = fields.list("output");
  }
  if (build.outputs.empty()) {
    fields.fail("output", "what the build puts out is not named",
                "a folder, or a list of folders: \"output\": \"dist\"");
  }
  build.limit_ms = fields.duration_ms("limit", build.limit_ms);
  RELAPSE_TRY(fields.finish());
  return build;
}

// Which of a deploy's values may be given: an object of objects.
Result<json> read_values(const json& value, const std::string& pointer) {
  Fields fields(value, pointer);
  for (const char* name : {"vars", "secrets", "inputs", "github"}) {
    fields.object(name);
  }
  RELAPSE_TRY(fields.finish());
  return value;
}

Result<json> read_values_file(const std::string& file) {
  auto text = os::read_file(file);
  if (!text) {
    return model::field_error("/deploy/values", text.error().message);
  }
  auto values = model::parse_json_text(*text, file);
  if (!values) {
    return values.error();
  }
  auto read = read_values(*values, "");
  return read ? read : model::locate_error(read.error(), *text, file);
}

Result<ContractDeploy> read_deploy(const json& value, const std::string& folder) {
  Fields fields(value, "/deploy");
  ContractDeploy deploy;
  deploy.workflow = below(folder, fields.required_text("workflow"));
  deploy.job = fields.text("job");
  deploy.tools = fields.list("tools");
  if (const json* values = fields.child("values"); values != nullptr) {
    auto read = values->is_string() ? read_values_file(below(folder, values->get<std::string>()))
                                    : read_values(*values, "/deploy/values");
    if (!read) {
      return read.error();
    }
    deploy.values = *std::move(read);
  }
  RELAPSE_TRY(fields.finish());
  return deploy;
}

Result<ContractDev> read_dev(const json& value) {
  Fields fields(value, "/dev");
  ContractDev dev;
  dev.command = fields.required_text("command");
  dev.ready = fields.text("ready");
  dev.limit_ms = fields.duration_ms("limit", dev.limit_ms);
  RELAPSE_TRY(fields.finish());
  return dev;
}

Result<ContractName> read_name(const json& value, const std::string& pointer) {
  ContractName name;
  std::string word;
  json as_object = value.is_string() ? json{{"need", value}} : value;
  Fields fields(as_object, pointer);
  word = fields.text("need", "required");
  name.secret = fields.flag("secret", word == "secret");
  name.why = fields.text("why");
  name.sample = fields.text("sample");
  // "secret" alone: the build may do without it, and what is shipped must.
  name.need = word == "required" ? Need::kRequired : Need::kOptional;
  if (word != "required" && word != "optional" && word != "secret") {
    fields.fail(value.is_string() ? "" : "need", fmt::format("'{}' is no need", word),
                model::suggestion(word, {"required", "optional", "secret"}));
  }
  RELAPSE_TRY(fields.finish());
  return name;
}

Result<> read_names(const json& names, Contract& contract) {
  for (const auto& [name, value] : names.items()) {
    const std::string pointer = "/names/" + model::pointer_part(name);
    if (!is_variable_name(name)) {
      return model::field_error(pointer, fmt::format("'{}' is no name of a variable", name),
                                "letters, digits and underscores, and no digit first");
    }
    if (!value.is_string() && !value.is_object()) {
      return model::field_error(pointer, fmt::format("what '{}' needs is not said", name),
                                R"("required", "optional", "secret", or {"need": "required", …})");
    }
    auto read = read_name(value, pointer);
    if (!read) {
      return read.error();
    }
    contract.names[name] = *std::move(read);
  }
  return model::Done{};
}

Result<> read_document(const json& document, Contract& contract) {
  Fields fields(document, "");
  fields.text("$schema");
  const json* build = fields.object("build");
  const json* deploy = fields.object("deploy");
  const json* page = fields.object("page");
  const json* dev = fields.object("dev");
  const json* names = fields.object("names");
  RELAPSE_TRY(fields.finish());
  const auto take = [](auto read, auto& into) -> Result<> {
    if (!read) {
      return read.error();
    }
    into = *std::move(read);
    return model::Done{};
  };
  if (build != nullptr) {
    RELAPSE_TRY(take(read_build(*build), contract.build));
  }
  if (deploy != nullptr) {
    RELAPSE_TRY(take(read_deploy(*deploy, contract.folder), contract.deploy));
  }
  if (page != nullptr) {
    RELAPSE_TRY(take(page_from_json(*page, "/page", contract.folder), contract.page));
  }
  if (dev != nullptr) {
    RELAPSE_TRY(take(read_dev(*dev), contract.dev));
  }
  if (contract.page && !contract.build) {
    return model::field_error("/page", "a page is looked at, and no build makes it",
                              "say how it is built: \"build\"");
  }
  return names != nullptr ? read_names(*names, contract) : model::Done{};
}

}  // namespace

std::vector<std::string> Contract::secret_values() const {
  std::vector<std::string> values;
  for (const auto& [name, promise] : names) {
    if (promise.secret && !promise.sample.empty()) {
      values.push_back(promise.sample);
    }
  }
  if (deploy && deploy->values.contains("secrets")) {
    for (const auto& [name, value] : deploy->values["secrets"].items()) {
      if (value.is_string() && !value.get<std::string>().empty()) {
        values.push_back(value.get<std::string>());
      }
    }
  }
  return values;
}

Result<Contract> parse_contract(const std::string& text, const std::string& file) {
  auto document = model::parse_json_text(text, file);
  if (!document) {
    return document.error();
  }
  Contract contract;
  contract.file = file;
  contract.folder = fs::path(file).parent_path().string();
  auto read = read_document(*document, contract);
  if (!read) {
    return read.error().file.empty() ? model::locate_error(read.error(), text, file) : read.error();
  }
  const auto lines = model::lines_of_json(text);
  for (auto& [name, promise] : contract.names) {
    promise.line = model::line_of(lines, "/names/" + model::pointer_part(name));
  }
  if (contract.deploy) {
    contract.deploy->contract = file;
    contract.deploy->workflow_line = model::line_of(lines, "/deploy/workflow");
    contract.deploy->job_line = model::line_of(lines, "/deploy/job");
  }
  return contract;
}

Result<Contract> read_contract(const std::string& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    return Error{ErrorKind::kUsage, fmt::format("there is no contract: {}", file),
                 "relapse env init writes a first one"};
  }
  auto text = os::read_file(file);
  if (!text) {
    return Error{ErrorKind::kScenario, text.error().message};
  }
  return parse_contract(*text, fs::absolute(file).lexically_normal().string());
}

}  // namespace relapse::env
