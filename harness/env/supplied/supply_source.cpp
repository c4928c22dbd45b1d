#include "supplied/supply_source.h"

#include <algorithm>

#include "wanted/scan_tokens.h"

namespace relapse::env {

namespace {

enum class Form {
  kLineStart,  // NAME=… opens the line
  kAssigned,   // NAME=… or NAME:… anywhere
  kMentioned,  // NAME as a word
};

bool is_part(char c) {
  return is_word_part(c) && c != '$';
}

bool fits(std::string_view line, const std::string& name, Form form) {
  for (size_t at = line.find(name); at != std::string_view::npos; at = line.find(name, at + 1)) {
    const size_t end = at + name.size();
    const bool whole =
        (at == 0 || !is_part(line[at - 1])) && (end == line.size() || !is_part(line[end]));
    const char before = at == 0 ? ' ' : line[at - 1];
    const char after = end < line.size() ? line[end] : '\0';
    if (!whole || before == '.') {  // vars.NAME is where it comes from, not what it is called
      continue;
    }
    const bool first = line.find_first_not_of(" \t-\"'") == at;
    const bool assigned = after == '=' || after == ':';
    if (form == Form::kMentioned || (assigned && (form == Form::kAssigned || first))) {
      return true;
    }
  }
  return false;
}

bool find_line(const std::string& name, Form form, const SourceText& source, SupplySource& out) {
  int line = source.first_line;
  std::string_view rest = source.text;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('\n'));
    const bool comment = one.find_first_not_of(" \t") != std::string_view::npos &&
                         one[one.find_first_not_of(" \t")] == '#';
    if (!comment && fits(one, name, form)) {
      out = {source.file, line, std::string(one)};
      return true;
    }
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    ++line;
  }
  return false;
}

bool find_entry(const std::string& name, const std::vector<SourceText>& sources,
                SupplySource& out) {
  for (const auto& source : sources) {
    if (source.kind == SourceText::Kind::kEnv && source.name == name) {
      out = {source.file, source.line, source.text};
      return true;
    }
  }
  return false;
}

bool find_text(const std::string& name, Form form, const std::vector<SourceText>& sources,
               SupplySource& out) {
  return std::any_of(sources.begin(), sources.end(),
                     [&](const SourceText& source) { return find_line(name, form, source, out); });
}

}  // namespace

SupplySource find_source(const std::string& name, SupplyWay way,
                         const std::vector<SourceText>& sources) {
  SupplySource out;
  std::vector<SourceText> files;  // of the project: the workflow's own come after
  std::vector<SourceText> own;
  for (const auto& source : sources) {
    (source.kind == SourceText::Kind::kCalled ? files : own).push_back(source);
  }
  if (way != SupplyWay::kStep && (find_text(name, Form::kLineStart, files, out) ||
                                  find_text(name, Form::kAssigned, files, out))) {
    return out;
  }
  if (way != SupplyWay::kFlag && find_entry(name, own, out)) {
    return out;
  }
  const bool found = find_text(name, Form::kLineStart, own, out) ||
                     find_text(name, Form::kAssigned, own, out) || find_entry(name, own, out) ||
                     find_text(name, Form::kMentioned, files, out) ||
                     find_text(name, Form::kMentioned, own, out);
  return found ? out : SupplySource{};
}

}  // namespace relapse::env
