#pragma once
// XML 1.0 or HTML 5, written front to back. An element ends with the life of its handle, so nesting
// in the code is nesting in the document.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relapse::reports {

enum class Dialect {
  kXml,
  kHtml,  // an empty element has an end tag all the same
};

class XmlWriter {
 public:
  using Attributes = std::vector<std::pair<std::string_view, std::string>>;

  class [[nodiscard]] Element {
   public:
    explicit Element(XmlWriter& writer) : writer_(&writer) {}
    Element(const Element&) = delete;
    Element& operator=(const Element&) = delete;
    Element(Element&&) = delete;
    Element& operator=(Element&&) = delete;
    ~Element() { writer_->end(); }

   private:
    XmlWriter* writer_;
  };

  // Appends to `out`, which must outlive the writer.
  explicit XmlWriter(std::string& out, Dialect dialect = Dialect::kXml);

  // Names are ours and written as they are; values are escaped.
  Element element(std::string_view name, const Attributes& attributes = {});
  // An element that holds text, or nothing.
  void leaf(std::string_view name, const Attributes& attributes, std::string_view text = "");
  // What is ours and in the dialect already.
  void verbatim(std::string_view markup) { *out_ += markup; }

 private:
  void start(std::string_view name, const Attributes& attributes);
  void end();
  void indent();

  std::string* out_;
  Dialect dialect_;
  std::vector<std::string> open_;
};

// Every character as XML allows it in text, or within a quoted attribute.
std::string xml_text(std::string_view text);
std::string xml_attribute(std::string_view text);

}  // namespace relapse::reports
