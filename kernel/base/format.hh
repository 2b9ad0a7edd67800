// Text formatting into a fixed buffer: "{}" any value, "{:x}" hexadecimal, "{:04}" zero-padded width; "{{" a brace.
#pragma once

#include <string_view>
#include <type_traits>

#include "base/byte_order.hh"
#include "base/types.hh"

namespace osv {

/// Where formatted text goes; silently drops what does not fit and remembers that it did.
class text_writer {
 public:
  text_writer(char* data, usize capacity) : data_(data), capacity_(capacity) {}
  void put(char c) {
    if (size_ < capacity_)
      data_[size_++] = c;
    else
      truncated_ = true;
  }
  void put(std::string_view text) {
    for (char c : text) put(c);
  }
  void put_unsigned(u64 value, unsigned base, unsigned width, char fill);
  void put_signed(i64 value, unsigned width, char fill);
  std::string_view view() const { return {data_, size_}; }
  usize size() const { return size_; }
  bool truncated() const { return truncated_; }
  void clear() {
    size_ = 0;
    truncated_ = false;
  }

 private:
  char* data_;
  usize capacity_;
  usize size_ = 0;
  bool truncated_ = false;
};

struct format_argument {
  enum class kind : u8 { unsigned_integer, signed_integer, text, character, boolean, pointer } type;
  union {
    u64 u;
    i64 i;
    struct {
      const char* data;
      usize size;
    } s;
  };
  template <typename T>
  static format_argument of(const T& value) {
    format_argument a{};
    if constexpr (std::is_same_v<T, bool>) {
      a.type = kind::boolean;
      a.u = value;
    } else if constexpr (std::is_same_v<T, char>) {
      a.type = kind::character;
      a.u = static_cast<u8>(value);
    } else if constexpr (std::is_enum_v<T>) {
      a = of(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      a.type = kind::signed_integer;
      a.i = value;
    } else if constexpr (std::is_integral_v<T>) {
      a.type = kind::unsigned_integer;
      a.u = value;
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      const std::string_view view = value;
      a.type = kind::text;
      a.s = {view.data(), view.size()};
    } else if constexpr (std::is_pointer_v<T>) {
      a.type = kind::pointer;
      a.u = reinterpret_cast<uptr>(value);
    } else {
      a = of(static_cast<u64>(value));
    }
    return a;
  }
};

void format_arguments(text_writer& out, std::string_view pattern, const format_argument* arguments, usize count);

template <typename... A>
void format_to(text_writer& out, std::string_view pattern, const A&... values) {
  const format_argument arguments[sizeof...(A) + 1] = {format_argument::of(values)...};
  format_arguments(out, pattern, arguments, sizeof...(A));
}

/// Text in an array of its own: `formatted<64> name("worker {}", 3);`
template <usize Capacity>
class formatted {
 public:
  template <typename... A>
  explicit formatted(std::string_view pattern, const A&... values) {
    text_writer out(data_, Capacity - 1);
    format_to(out, pattern, values...);
    size_ = out.size();
    data_[size_] = 0;
  }
  operator std::string_view() const { return {data_, size_}; }
  std::string_view view() const { return {data_, size_}; }
  const char* c_str() const { return data_; }

 private:
  char data_[Capacity];
  usize size_;
};

}  // namespace osv
