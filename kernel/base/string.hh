// Owned byte string; `std::string_view` is its borrowed form.
#pragma once

#include <string_view>

#include "base/vector.hh"

namespace osv {

using std::string_view;

class string {
 public:
  string() = default;
  string(string&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  string& operator=(string&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  static result<string> create(string_view text) {
    string s;
    TRY(s.append(text));
    return s;
  }
  result<> append(string_view text) {
    if (text.empty()) return {};
    // One byte more for the NUL. At least doubled, so that many small pieces cost no more than one large one.
    const usize needed = size_ + text.size() + 1;
    if (needed > bytes_.size()) TRY(bytes_.resize(needed > bytes_.size() * 2 ? needed : bytes_.size() * 2));
    __builtin_memcpy(bytes_.data() + size_, text.data(), text.size());
    size_ += text.size();
    bytes_[size_] = 0;
    return {};
  }
  result<> push_back(char c) { return append(string_view(&c, 1)); }
  void clear() { size_ = 0; }
  usize size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const char* c_str() const { return size_ ? bytes_.data() : ""; }
  string_view view() const { return {c_str(), size_}; }
  operator string_view() const { return view(); }

 private:
  vector<char> bytes_;  // its size is this string's capacity
  usize size_ = 0;
};

}  // namespace osv
