#pragma once
// SHA-256 of what comes in pieces.

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace relapse::os {

class Sha256 {
 public:
  Sha256();
  void add(std::string_view piece);
  std::string hex();  // lower case; once, at the end

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace relapse::os
