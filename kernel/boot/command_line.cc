#include "boot/command_line.hh"

namespace osv::boot {

namespace {

/// Takes the next word off the front; quotes and backslashes as in a simple shell.
result<bool> next_word(std::string_view& rest, string& word) {
  while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n')) rest.remove_prefix(1);
  if (rest.empty()) return false;
  bool quoted = false;
  while (!rest.empty() && (quoted || (rest[0] != ' ' && rest[0] != '\t' && rest[0] != '\n'))) {
    char c = rest[0];
    rest.remove_prefix(1);
    if (c == '"') {
      quoted = !quoted;
      continue;
    }
    if (c == '\\' && !rest.empty() && (rest[0] == '"' || rest[0] == '\\')) {
      c = rest[0];
      rest.remove_prefix(1);
    }
    TRY(word.push_back(c));
  }
  return true;
}

/// Calls `look(word)` for each word before "--" until it says true; whether it did.
template <typename F>
bool find_word(std::string_view rest, F look) {
  while (!rest.empty()) {
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (word == "--") return false;
    if (look(word)) return true;
    rest.remove_prefix(word.size());
  }
  return false;
}

}  // namespace

std::string_view option(std::string_view command_line, std::string_view key, std::string_view otherwise) {
  std::string_view value = otherwise;
  find_word(command_line, [&](std::string_view word) {
    if (word.size() <= key.size() || word.substr(0, key.size()) != key || word[key.size()] != '=') return false;
    value = word.substr(key.size() + 1);
    return true;
  });
  return value;
}

bool has_word(std::string_view command_line, std::string_view wanted) {
  return find_word(command_line, [&](std::string_view word) { return word == wanted; });
}

result<vector<string>> program_words(std::string_view command_line) {
  vector<string> words;
  bool program = false;
  std::string_view rest = command_line;
  for (;;) {
    string word;
    if (!TRY(next_word(rest, word))) break;
    if (program)
      TRY(words.push_back(std::move(word)));
    else if (word.view() == "--")
      program = true;
  }
  return words;
}

}  // namespace osv::boot
