#include "base/json.hh"

#include "base/format.hh"
#include "base/utf8.hh"

namespace osv::json {

/// One pass over the text. Open arrays and objects are on an explicit stack.
class parser {
 public:
  parser(std::string_view text, parse_error& error, const limits& bounds) : text_(text), error_(error), limits_(bounds) {}

  result<document> run() {
    if (text_.size() > limits_.bytes) return wrong("too long");
    TRY(document_.nodes_.push_back({}));
    for (;;) {
      TRY(parse_value());
      // After a value: what follows it in whatever is open.
      for (;;) {
        skip_space();
        if (stack_.empty()) {
          if (position_ != text_.size()) return wrong("text after the value");
          return std::move(document_);
        }
        const bool in_object = open().kind == kind::object;
        const char c = peek();
        if (c == ',') {
          ++position_;
          if (in_object) TRY(parse_name());
          break;
        }
        if (c != (in_object ? '}' : ']')) return wrong(in_object ? "expected ',' or '}'" : "expected ',' or ']'");
        ++position_;
        stack_.pop_back();
      }
    }
  }

 private:
  struct frame {
    u32 node;
    u32 last_child;
  };

  failure wrong(const char* reason) {
    error_ = {reason, position_};
    return fail(errc::invalid);
  }
  /// '\0' at the end; a NUL in the text is no valid token either.
  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\n') ++position_;
  }
  document::node& open() { return document_.nodes_[stack_.back().node]; }

  /// A new value; linked to what is open, with the name that was read before it.
  result<u32> add(json::kind k) {
    if (document_.nodes_.size() > limits_.values) return wrong("too many values");
    const u32 index = static_cast<u32>(document_.nodes_.size());
    document::node n;
    n.kind = k;
    n.name_start = name_start_;
    n.name_size = name_size_;
    TRY(document_.nodes_.push_back(n));
    if (!stack_.empty()) {
      frame& f = stack_.back();
      (f.last_child ? document_.nodes_[f.last_child].next : open().child) = index;
      f.last_child = index;
      ++open().count;
    }
    name_start_ = name_size_ = 0;
    return index;
  }

  result<> parse_value() {
    for (;;) {
      skip_space();
      const char c = peek();
      if (c == '"') {
        const u32 index = TRY(add(kind::text));
        u32 start, size;
        TRY(parse_string(start, size));
        document_.nodes_[index].text_start = start;
        document_.nodes_[index].text_size = size;
        return {};
      }
      if (c == '-' || (c >= '0' && c <= '9')) return parse_number();
      if (c == 't') return parse_word("true", kind::boolean, 1);
      if (c == 'f') return parse_word("false", kind::boolean, 0);
      if (c == 'n') return parse_word("null", kind::null, 0);
      if (c != '[' && c != '{') return wrong("expected a value");
      if (stack_.size() == limits_.depth) return wrong("nested too deeply");
      const u32 index = TRY(add(c == '[' ? kind::array : kind::object));
      ++position_;
      skip_space();
      if (peek() == (c == '[' ? ']' : '}')) {
        ++position_;
        return {};
      }
      TRY(stack_.push_back({index, 0}));
      if (c == '{') TRY(parse_name());
    }
  }

  result<> parse_word(std::string_view word, json::kind k, i64 integer) {
    if (text_.substr(position_, word.size()) != word) return wrong("expected a value");
    position_ += word.size();
    document_.nodes_[TRY(add(k))].integer = integer;
    return {};
  }

  /// `"name" :` inside an object.
  result<> parse_name() {
    skip_space();
    if (peek() != '"') return wrong("expected a member's name");
    const usize position = position_;
    u32 start, size;
    TRY(parse_string(start, size));
    const std::string_view name = document_.slice(start, size);
    for (u32 sibling = open().child; sibling; sibling = document_.nodes_[sibling].next) {
      const document::node& n = document_.nodes_[sibling];
      if (document_.slice(n.name_start, n.name_size) != name) continue;
      position_ = position;
      return wrong("member named twice");
    }
    skip_space();
    if (peek() != ':') return wrong("expected ':'");
    ++position_;
    name_start_ = start;
    name_size_ = size;
    return {};
  }

  /// RFC 8259, section 6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
  result<> parse_number() {
    const usize start = position_;
    const bool negative = peek() == '-';
    if (negative) ++position_;
    const usize digits_start = position_;
    if (!skip_digits()) return wrong("expected a digit");
    if (text_[digits_start] == '0' && position_ - digits_start > 1) return wrong("a number starts with 0");
    const usize digits_end = position_;
    bool whole = true;
    if (peek() == '.') {
      whole = false;
      ++position_;
      if (!skip_digits()) return wrong("expected a digit");
    }
    if (peek() == 'e' || peek() == 'E') {
      whole = false;
      ++position_;
      if (peek() == '+' || peek() == '-') ++position_;
      if (!skip_digits()) return wrong("expected a digit");
    }
    i64 integer = 0;
    for (usize i = digits_start; whole && i < digits_end; ++i) {
      const i64 digit = text_[i] - '0';
      // Downwards, because the smallest number has no positive counterpart.
      whole = !__builtin_mul_overflow(integer, 10, &integer) && !__builtin_sub_overflow(integer, digit, &integer);
    }
    if (whole && !negative) whole = !__builtin_sub_overflow(0, integer, &integer);
    const u32 index = TRY(add(whole ? kind::integer : kind::number));
    document_.nodes_[index].integer = whole ? integer : 0;
    document_.nodes_[index].text_start = static_cast<u32>(document_.strings_.size());
    document_.nodes_[index].text_size = static_cast<u32>(position_ - start);
    return keep(text_.substr(start, position_ - start));
  }
  bool skip_digits() {
    const usize start = position_;
    while (peek() >= '0' && peek() <= '9') ++position_;
    return position_ != start;
  }

  result<> keep(std::string_view bytes) {
    for (char c : bytes) TRY(document_.strings_.push_back(c));
    return {};
  }

  result<> parse_string(u32& start, u32& size) {
    start = static_cast<u32>(document_.strings_.size());
    ++position_;
    for (;;) {
      if (position_ == text_.size()) return wrong("unterminated string");
      const char c = text_[position_];
      if (c == '"') break;
      if (static_cast<u8>(c) < 0x20) return wrong("control character in a string");
      if (c == '\\') {
        TRY(parse_escape());
        continue;
      }
      const usize n = utf8_sequence_length(text_.substr(position_));
      if (!n) return wrong("not UTF-8");
      TRY(keep(text_.substr(position_, n)));
      position_ += n;
    }
    ++position_;
    size = static_cast<u32>(document_.strings_.size()) - start;
    return {};
  }

  result<> parse_escape() {
    ++position_;
    const char c = peek();
    if (c == 'u') return parse_unicode_escape();
    constexpr std::string_view escapes = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const usize which = c ? escapes.find(c) : std::string_view::npos;
    if (which == std::string_view::npos) return wrong("unknown escape");
    ++position_;
    return document_.strings_.push_back(meanings[which]);
  }

  /// At the 'u'. Characters beyond U+FFFF come as two surrogates.
  result<> parse_unicode_escape() {
    u32 point = TRY(parse_four_digits());
    if (point >= 0xdc00 && point < 0xe000) return wrong("lone surrogate");
    if (point >= 0xd800 && point < 0xdc00) {
      if (text_.substr(position_, 2) != "\\u") return wrong("lone surrogate");
      ++position_;
      const u32 low = TRY(parse_four_digits());
      if (low < 0xdc00 || low >= 0xe000) return wrong("lone surrogate");
      point = 0x10000 + (point - 0xd800) * 0x400 + (low - 0xdc00);
    }
    char bytes[4];
    return keep({bytes, utf8_encode(point, bytes)});
  }
  result<u32> parse_four_digits() {
    ++position_;  // the 'u'
    u32 value = 0;
    for (int i = 0; i < 4; ++i, ++position_) {
      const char c = peek();
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9')
        value = value * 16 + static_cast<u32>(c - '0');
      else if (lower >= 'a' && lower <= 'f')
        value = value * 16 + static_cast<u32>(lower - 'a' + 10);
      else
        return wrong("expected four hexadecimal digits");
    }
    return value;
  }

  std::string_view text_;
  parse_error& error_;
  const limits& limits_;
  usize position_ = 0;
  u32 name_start_ = 0, name_size_ = 0;
  vector<frame> stack_;
  document document_;
};

result<document> document::parse(std::string_view text, parse_error* error, const limits& bounds) {
  parse_error unused;
  return parser(text, error ? *error : unused, bounds).run();
}

kind value::kind() const { return document_ ? document_->at(index_).kind : kind::missing; }

std::string_view value::text() const {
  if (!is(kind::text) && !is(kind::integer) && !is(kind::number)) return {};
  const auto& n = document_->at(index_);
  return document_->slice(n.text_start, n.text_size);
}

i64 value::integer(i64 otherwise) const { return is(kind::integer) ? document_->at(index_).integer : otherwise; }
bool value::boolean(bool otherwise) const { return is(kind::boolean) ? document_->at(index_).integer != 0 : otherwise; }

value value::operator[](std::string_view name) const {
  if (is(kind::object))
    for (value member : *this)
      if (member.name() == name) return member;
  return {};
}

usize value::size() const { return exists() ? document_->at(index_).count : 0; }
value::iterator value::begin() const { return iterator(document_, exists() ? document_->at(index_).child : 0); }
value::iterator& value::iterator::operator++() {
  at_ = document_->at(at_).next;
  return *this;
}

std::string_view value::name() const {
  if (!exists()) return {};
  const auto& n = document_->at(index_);
  return document_->slice(n.name_start, n.name_size);
}

writer& writer::open(char bracket) {
  separate();
  put({&bracket, 1});
  need_comma_ = false;
  return *this;
}

writer& writer::close(char bracket) {
  put({&bracket, 1});
  need_comma_ = true;
  return *this;
}

void writer::separate() {
  if (need_comma_) put(",");
  need_comma_ = true;
}

writer& writer::name(std::string_view member) {
  separate();
  put_quoted(member);
  put(":");
  need_comma_ = false;
  return *this;
}

writer& writer::text(std::string_view value) {
  separate();
  put_quoted(value);
  return *this;
}

writer& writer::integer(i64 value) {
  separate();
  put(formatted<24>("{}", value));
  return *this;
}

writer& writer::unsigned_integer(u64 value) {
  separate();
  put(formatted<24>("{}", value));
  return *this;
}

writer& writer::boolean(bool value) {
  separate();
  put(value ? "true" : "false");
  return *this;
}

writer& writer::null() {
  separate();
  put("null");
  return *this;
}

void writer::put_quoted(std::string_view text) {
  put("\"");
  for (usize i = 0; i < text.size();) {
    const u8 c = static_cast<u8>(text[i]);
    usize n = utf8_sequence_length(text.substr(i));
    if (c == '"' || c == '\\') {
      put("\\");
      put(text.substr(i, 1));
    } else if (c < 0x20 || c == 0x7f) {
      put(formatted<8>("\\u{:04x}", c));
    } else if (!n) {
      put("\xef\xbf\xbd");
    } else {
      put(text.substr(i, n));
    }
    i += n ? n : 1;
  }
  put("\"");
}

}  // namespace osv::json
