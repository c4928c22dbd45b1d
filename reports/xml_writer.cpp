#include "reports/xml_writer.h"

#include <fmt/format.h>

#include "reports/text.h"

namespace relapse::reports {

namespace {

constexpr size_t kXmlIndent = 2;

std::string escaped(std::string_view text, bool in_attribute) {
  std::string out;
  for (const char c : visible(text, Lines::kMany)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':  // "]]>" may not stand in text
        out += "&gt;";
        break;
      case '"':
        out += in_attribute ? "&quot;" : "\"";
        break;
      case '\n':  // a parser turns a bare one in an attribute into a space
        out += in_attribute ? "&#10;" : "\n";
        break;
      case '\t':
        out += in_attribute ? "&#9;" : "\t";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string xml_text(std::string_view text) {
  return escaped(text, false);
}

std::string xml_attribute(std::string_view text) {
  return escaped(text, true);
}

XmlWriter::XmlWriter(std::string& out, Dialect dialect) : out_(&out), dialect_(dialect) {
  *out_ += dialect == Dialect::kXml ? "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                    : "<!DOCTYPE html>\n";
}

XmlWriter::Element XmlWriter::element(std::string_view name, const Attributes& attributes) {
  start(name, attributes);
  *out_ += ">\n";
  open_.emplace_back(name);
  return Element(*this);
}

void XmlWriter::leaf(std::string_view name, const Attributes& attributes, std::string_view text) {
  start(name, attributes);
  *out_ += text.empty() && dialect_ == Dialect::kXml
               ? "/>\n"
               : fmt::format(">{}</{}>\n", xml_text(text), name);
}

void XmlWriter::start(std::string_view name, const Attributes& attributes) {
  indent();
  *out_ += fmt::format("<{}", name);
  for (const auto& [key, value] : attributes) {
    *out_ += fmt::format(" {}=\"{}\"", key, xml_attribute(value));
  }
}

void XmlWriter::end() {
  const std::string name = std::move(open_.back());
  open_.pop_back();
  indent();
  *out_ += fmt::format("</{}>\n", name);
}

void XmlWriter::indent() {
  *out_ += std::string(kXmlIndent * open_.size(), ' ');
}

}  // namespace relapse::reports
