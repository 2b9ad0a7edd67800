// JSON (RFC 8259): a bounded reader into a flat document, and a writer. No recursion, no floating point.
#pragma once

#include <string_view>

#include "base/string.hh"
#include "base/vector.hh"

namespace osv::json {

enum class kind : u8 {
  missing,  // what looking up an absent member gives
  null,
  boolean,
  integer,  // fits i64 and has neither fraction nor exponent
  number,   // any other number, kept as text
  text,
  array,
  object
};

struct limits {
  usize bytes = 1 << 20;
  usize values = 16384;  // in the whole document
  usize depth = 32;
};

/// Why and where parsing failed.
struct parse_error {
  const char* reason = nullptr;  // a phrase such as "expected a value"
  usize position = 0;            // byte offset
};

class document;

/// A value in a document, which must outlive it. Cheap to copy. Asking a value of another kind gives an empty answer, so
/// that `root["a"]["b"].text()` needs no checks in between.
class value {
 public:
  value() = default;
  json::kind kind() const;
  bool exists() const { return kind() != kind::missing; }
  bool is(json::kind k) const { return kind() == k; }

  /// The string's bytes, UTF-8, escapes decoded (it may hold NUL); a number's digits as written; else empty.
  std::string_view text() const;
  i64 integer(i64 otherwise = 0) const;
  bool boolean(bool otherwise = false) const;
  /// Member of an object; `missing` if there is none.
  value operator[](std::string_view name) const;
  /// Elements of an array or members of an object.
  usize size() const;

  class iterator {
   public:
    iterator(const document* d, u32 at) : document_(d), at_(at) {}
    value operator*() const { return value(document_, at_); }
    iterator& operator++();
    bool operator==(const iterator& other) const { return at_ == other.at_; }

   private:
    const document* document_;
    u32 at_;
  };
  /// In the order of the text.
  iterator begin() const;
  iterator end() const { return iterator(document_, 0); }
  /// The name of this value in the object that it is a member of.
  std::string_view name() const;

 private:
  friend class document;
  value(const document* d, u32 index) : document_(d), index_(index) {}
  const document* document_ = nullptr;
  u32 index_ = 0;
};

class document {
 public:
  /// EINVAL when the text is not JSON, repeats a member's name, is not UTF-8 or exceeds a limit (`error` then says why);
  /// ENOMEM.
  static result<document> parse(std::string_view text, parse_error* error = nullptr, const limits& bounds = {});
  value root() const { return value(this, 1); }

 private:
  friend class value;
  friend class parser;
  struct node {
    json::kind kind = kind::missing;
    u32 next = 0;   // following element or member; 0: none
    u32 child = 0;  // array, object: first element
    u32 count = 0;  // array, object: elements
    u32 name_start = 0, name_size = 0;  // in strings_
    u32 text_start = 0, text_size = 0;  // in strings_
    i64 integer = 0;                    // also boolean
  };
  const node& at(u32 index) const { return nodes_[index]; }
  std::string_view slice(u32 start, u32 size) const { return {strings_.data() + start, size}; }

  vector<node> nodes_;  // nodes_[0] stands for "none"
  vector<char> strings_;
};

/// Appends JSON to a string. Remembers the first failure (ENOMEM) instead of answering each call; see status().
class writer {
 public:
  explicit writer(string& out) : out_(out) {}

  writer& begin_object() { return open('{'); }
  writer& end_object() { return close('}'); }
  writer& begin_array() { return open('['); }
  writer& end_array() { return close(']'); }
  writer& name(std::string_view member);
  /// Bytes that are not UTF-8 become U+FFFD.
  writer& text(std::string_view value);
  writer& integer(i64 value);
  writer& unsigned_integer(u64 value);
  writer& boolean(bool value);
  writer& null();

  writer& member(std::string_view n, std::string_view value) { return name(n).text(value); }
  writer& member(std::string_view n, const char* value) { return name(n).text(value); }
  writer& member(std::string_view n, bool value) { return name(n).boolean(value); }
  template <typename T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  writer& member(std::string_view n, T value) {
    if constexpr (std::is_signed_v<T>)
      return name(n).integer(value);
    else
      return name(n).unsigned_integer(value);
  }
  result<> status() const { return failed_ ? result<>(fail(errc::no_memory)) : result<>(); }

 private:
  writer& open(char bracket);
  writer& close(char bracket);
  void separate();
  void put(std::string_view text) {
    if (!failed_ && !out_.append(text).ok()) failed_ = true;
  }
  void put_quoted(std::string_view text);

  string& out_;
  bool need_comma_ = false;
  bool failed_ = false;
};

}  // namespace osv::json
