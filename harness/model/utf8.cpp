#include "model/utf8.h"

namespace relapse::model {

namespace {

struct Form {
  size_t size;
  char32_t lead_bits;
  char32_t smallest;  // a smaller value in this form is overlong
};

Form form_of(unsigned char lead) {
  if (lead < 0x80) {
    return {1, lead, 0};
  }
  if ((lead & 0xE0U) == 0xC0) {
    return {2, lead & 0x1FU, 0x80};
  }
  if ((lead & 0xF0U) == 0xE0) {
    return {3, lead & 0x0FU, 0x800};
  }
  if ((lead & 0xF8U) == 0xF0) {
    return {4, lead & 0x07U, 0x10000};
  }
  return {0, 0, 0};
}

bool is_scalar(char32_t value) {
  return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

}  // namespace

CodePoint decode_utf8(std::string_view text) {
  const Form form = form_of(static_cast<unsigned char>(text.front()));
  if (form.size == 0 || form.size > text.size()) {
    return {};
  }
  char32_t value = form.lead_bits;
  for (size_t i = 1; i < form.size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80) {
      return {};
    }
    value = (value << 6U) | (byte & 0x3FU);
  }
  if (value < form.smallest || !is_scalar(value)) {
    return {};
  }
  return {value, form.size, true};
}

void append_utf8(std::string& out, char32_t value) {
  auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((value >> shift) & 0x3FU)); };
  if (value < 0x80) {
    out += static_cast<char>(value);
  } else if (value < 0x800) {
    out += static_cast<char>(0xC0U | (value >> 6U));
    tail(0);
  } else if (value < 0x10000) {
    out += static_cast<char>(0xE0U | (value >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (value >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    append_utf8(out, point.value);
    text.remove_prefix(point.size);
  }
  return out;
}

}  // namespace relapse::model
