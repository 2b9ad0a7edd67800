// The kernel's command line: `key=value` words, then ` -- program arguments…`, where double quotes hold words together.
#pragma once

#include <string_view>

#include "base/string.hh"

namespace osv::boot {

/// Value of `key` among the words before "--"; `otherwise` if it is not there.
std::string_view option(std::string_view command_line, std::string_view key, std::string_view otherwise = {});
/// Whether `word` stands alone among the words before "--".
bool has_word(std::string_view command_line, std::string_view word);
/// The words after "--"; empty if there are none.
result<vector<string>> program_words(std::string_view command_line);

}  // namespace osv::boot
