#pragma once
// What a check has found, in words: the only place where a problem becomes a sentence.

#include <string>
#include <string_view>
#include <vector>

#include "contract/check_judge.h"

namespace relapse::env {

std::string_view to_word(RowState state);  // of JSON
std::string_view to_word(Problem problem);

// The columns of a row; empty where nothing is to be said.
std::string wanted_words(const CheckRow& row);        // "src/auth.tsx:7"
std::string_view wanted_source(const CheckRow& row);  // "source", "build" or nothing
std::string supply_words(const CheckRow& row, const std::string& deploy_file);
std::string without_words(const CheckRow& row);  // "build passes, page broken"
std::string state_words(const CheckRow& row);    // "FAIL (silent)", "optional"

// What is not well, beside the columns: "required, and not supplied".
std::string reason_of(const CheckRow& row);
// The same where no columns stand beside it: a sentence with who wants it and what comes of it.
std::string sentence_of(const CheckRow& row);
std::vector<std::string> notes_of(const CheckRow& row);

// What the page showed, kept beside the reports.
struct Picture {
  std::string of;    // "without it", "with it empty"; for the row "page": "the page"
  std::string file;  // relative to the reports
};
std::vector<Picture> pictures_of(const CheckRow& row);

// Nobody notices before a user does.
bool is_silent(Problem problem);

// What to do about all that fails, each thing once.
std::vector<std::string> remedies_of(const CheckReport& report);
// Of the whole.
std::vector<std::string> notes_of(const CheckReport& report);

}  // namespace relapse::env
