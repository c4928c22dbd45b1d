#include "reports/html.h"

#include <string_view>

#include "reports/page.h"
#include "reports/wait_picture.h"
#include "reports/xml_writer.h"

namespace relapse::reports {

namespace {

// No "<" and no "&" within: HTML takes a style as it stands.
constexpr std::string_view kHead = R"(<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #ff7b72; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; }
section { margin: 2rem 0; }
.good { color: var(--good); }
.bad { color: var(--bad); font-weight: 600; }
section.bad { color: inherit; font-weight: inherit; border-left: 4px solid var(--bad); }
section.bad { padding-left: 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem; }
.bad a { color: inherit; }
th, td { border-bottom: 1px solid var(--line); max-width: 24rem; overflow-wrap: break-word; }
pre, code { font: 13px/1.45 ui-monospace, monospace; }
pre { background: #8881; border: 1px solid var(--line); border-radius: 6px; }
pre { padding: .7rem; overflow-x: auto; }
summary { cursor: pointer; font-weight: 600; }
.wait { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; margin: .4rem 0; }
.wait b { border: 1px solid var(--line); border-radius: 6px; padding: .3rem .6rem; }
.wait small { display: block; font-weight: 400; }
i, small { opacity: .75; }
</style>
)";

std::string_view css_class(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "good";
    case Tone::kBad:
      return "bad";
    case Tone::kPlain:
    case Tone::kCode:
      break;
  }
  return "";
}

XmlWriter::Attributes of_class(std::string_view name) {
  return name.empty() ? XmlWriter::Attributes{}
                      : XmlWriter::Attributes{{"class", std::string(name)}};
}

class BlockWriter {
 public:
  explicit BlockWriter(XmlWriter& html) : html_(html) {}

  void operator()(const Paragraph& paragraph) const {
    auto element = html_.element("p");
    if (!paragraph.head.empty()) {
      html_.leaf("b", {}, paragraph.head + ":");
    }
    html_.leaf("span", {}, paragraph.text);
    aside(paragraph.aside);
  }
  void operator()(const Items& items) const {
    auto list = html_.element("ul");
    for (const auto& line : items.lines) {
      html_.leaf("li", {}, line);
    }
  }
  void operator()(const Table& table) const {
    auto element = html_.element("table");
    {
      auto head = html_.element("thead");
      auto row = html_.element("tr");
      for (const auto& name : table.head) {
        html_.leaf("th", {}, name);
      }
    }
    auto body = html_.element("tbody");
    for (const auto& cells : table.rows) {
      auto row = html_.element("tr");
      for (const auto& cell : cells) {
        write(cell);
      }
    }
  }
  void operator()(const Listing& listing) const { html_.leaf("pre", {}, listing.text); }
  void operator()(const Folded& folded) const {
    auto details = html_.element("details");
    html_.leaf("summary", {}, folded.summary);
    html_.leaf("pre", {}, folded.text);
  }
  void operator()(const Waits& waits) const {
    for (const WaitArrow& arrow : wait_arrows(*waits.diagnosis)) {
      auto row = html_.element("div", {{"class", "wait"}});
      {
        auto box = html_.element("b");
        html_.leaf("span", {}, arrow.from);
        html_.leaf("small", {}, arrow.doing);
      }
      html_.leaf("span", {}, "waits for");
      html_.leaf("b", {}, arrow.to);
      html_.leaf("small", {}, arrow.by);
    }
  }

 private:
  void aside(const std::string& text) const {
    if (!text.empty()) {
      html_.leaf("i", {}, text);
    }
  }
  void write(const Cell& cell) const {
    auto element = html_.element("td", of_class(css_class(cell.tone)));
    if (!cell.to.empty()) {
      html_.leaf("a", {{"href", "#" + cell.to}}, cell.text);
    } else {
      html_.leaf(cell.tone == Tone::kCode ? "code" : "span", {}, cell.text);
    }
    aside(cell.aside);
  }

  XmlWriter& html_;
};

void write_blocks(XmlWriter& html, const Section& section) {
  for (const Block& block : section.blocks) {
    std::visit(BlockWriter(html), block);
  }
}

void write_section(XmlWriter& html, const Section& section) {
  auto attributes = of_class(css_class(section.tone));
  if (!section.id.empty()) {
    attributes.emplace_back("id", section.id);
  }
  auto element = html.element("section", attributes);
  if (section.aside) {
    auto details = html.element("details");
    html.leaf("summary", {}, section.title);
    write_blocks(html, section);
    return;
  }
  html.leaf("h2", {}, section.title);
  write_blocks(html, section);
}

void write_document(XmlWriter& html, const std::vector<Section>& page) {
  auto document = html.element("html", {{"lang", "en"}});
  const Section& headline = page.front();
  {
    auto head = html.element("head");
    html.verbatim(kHead);
    html.leaf("title", {}, headline.title);
  }
  auto body = html.element("body");
  {
    auto header = html.element("header");
    html.leaf("h1", of_class(css_class(headline.tone)), headline.title);
    write_blocks(html, headline);
  }
  for (size_t i = 1; i < page.size(); ++i) {
    write_section(html, page[i]);
  }
}

}  // namespace

std::string html_report(const model::Record& record) {
  std::string out;
  XmlWriter html(out, Dialect::kHtml);
  write_document(html, make_page(record));
  return out;
}

}  // namespace relapse::reports
