// Markup that holds code: HTML, Vue, Svelte, Astro. The code is cut out and read as a script.
#include <algorithm>
#include <array>
#include <cctype>

#include "wanted/scan_cursor.h"
#include "wanted/scan_finder.h"

namespace relapse::env {

namespace {

enum class Markup { kHtml, kVue, kBraces };

class MarkupScan {
 public:
  MarkupScan(std::string_view text, Markup kind, Finder& finder)
      : in_(text, 1), kind_(kind), finder_(finder) {}

  void run() {
    if (kind_ == Markup::kBraces && in_.starts("---")) {  // Astro's head
      in_.skip(3);
      const int line = in_.line();
      script(in_.until("\n---"), line);
    }
    while (!in_.done()) {
      if (in_.starts("<!--")) {
        in_.until("-->");
      } else if (in_.starts("<script") || in_.starts("<style")) {
        block(in_.starts("<script"));
      } else if (kind_ == Markup::kVue && in_.starts("{{")) {
        in_.skip(2);
        const int line = in_.line();
        script(in_.until("}}"), line);
      } else if (kind_ == Markup::kVue && bound_attribute()) {
      } else if (kind_ == Markup::kBraces && in_.peek() == '{') {
        braces();
      } else if (kind_ == Markup::kHtml && in_.peek() == '%') {
        percent();
      } else {
        in_.skip();
      }
    }
    scan_script_tokens(tokens_, finder_);
  }

 private:
  // The scripts of one file see each other's names, so they are read as one.
  void script(std::string_view text, int line) {
    const Tokens more = lex_script(text, kind_ == Markup::kBraces, line);
    tokens_.insert(tokens_.end(), more.begin(), more.end());
    tokens_.push_back({TokenKind::kPunct, ";", line});
  }

  void block(bool is_script) {
    in_.until(">");
    in_.skip();
    const int line = in_.line();
    const std::string_view content = in_.until(is_script ? "</script" : "</style");
    if (is_script) {
      script(content, line);
    }
    if (is_script && kind_ == Markup::kHtml) {
      percents(content, line);
    }
    in_.skip();
  }

  // :href="…", v-if="…", @click="…"
  bool bound_attribute() {
    if (!in_.starts(" :") && !in_.starts(" v-") && !in_.starts(" @")) {
      return false;
    }
    const std::string_view rest = in_.rest();
    const size_t quote = rest.find_first_of("\"'>\n");
    if (quote == std::string_view::npos || quote == 0 || rest[quote - 1] != '=') {
      return false;
    }
    const std::string mark(1, rest[quote]);
    in_.skip(quote + 1);
    const int line = in_.line();
    script(in_.until(mark), line);
    in_.skip();
    return true;
  }

  void braces() {
    in_.skip();
    const int line = in_.line();
    const size_t start = in_.position();
    int depth = 1;
    while (!in_.done()) {
      depth += in_.peek() == '{' ? 1 : in_.peek() == '}' ? -1 : 0;
      if (depth == 0) {
        break;
      }
      in_.skip();
    }
    script(in_.from(start), line);
    in_.skip();
  }

  // %NAME% in a script's text, where a percent sign may also divide.
  void percents(std::string_view content, int line) {
    Cursor in(content, line);
    for (in.until("%"); !in.done(); in.until("%")) {
      in.skip();
      const std::string_view name = in.word();
      const bool upper = std::none_of(name.begin(), name.end(),
                                      [](unsigned char c) { return std::islower(c) != 0; });
      if (upper && name.find('_') != std::string_view::npos && in.peek() == '%') {
        add_percent(name, in.line());
        in.skip();
      }
    }
  }

  void add_percent(std::string_view name, int line) {
    static constexpr std::array<std::string_view, 6> kGiven = {"MODE", "DEV",      "PROD",
                                                               "SSR",  "BASE_URL", "PUBLIC_URL"};
    if (std::find(kGiven.begin(), kGiven.end(), name) == kGiven.end()) {
      finder_.add(name, line, "%…% in HTML");
    }
  }

  // %NAME%, which Vite and others fill in; %20 and %E2% are bytes of an address.
  void percent() {
    const int line = in_.line();
    in_.skip();
    const size_t start = in_.position();
    while (is_word_part(in_.peek()) && in_.peek() != '$') {
      in_.skip();
    }
    const std::string_view name = in_.from(start);
    const bool byte = name.size() == 2 && std::isxdigit(static_cast<unsigned char>(name[0])) != 0 &&
                      std::isxdigit(static_cast<unsigned char>(name[1])) != 0;
    if (in_.peek() == '%' && !byte && name.size() > 1) {
      add_percent(name, line);
      in_.skip();
    }
  }

  Cursor in_;
  Markup kind_;
  Finder& finder_;
  Tokens tokens_;
};

}  // namespace

void scan_vue(std::string_view text, Finder& finder) {
  MarkupScan(text, Markup::kVue, finder).run();
}

void scan_markup(std::string_view text, Finder& finder) {
  MarkupScan(text, Markup::kBraces, finder).run();
}

void scan_html(std::string_view text, Finder& finder) {
  MarkupScan(text, Markup::kHtml, finder).run();
}

}  // namespace relapse::env
