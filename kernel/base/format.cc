#include "base/format.hh"

namespace osv {

void text_writer::put_unsigned(u64 value, unsigned base, unsigned width, char fill) {
  char digits[64];
  unsigned count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value);
  for (unsigned i = count; i < width; ++i) put(fill);
  while (count) put(digits[--count]);
}

void text_writer::put_signed(i64 value, unsigned width, char fill) {
  if (value >= 0) return put_unsigned(static_cast<u64>(value), 10, width, fill);
  put('-');
  put_unsigned(0 - static_cast<u64>(value), 10, width ? width - 1 : 0, fill);
}

namespace {

struct format_spec {
  bool hexadecimal = false;
  char fill = ' ';
  unsigned width = 0;
};

void put_argument(text_writer& out, const format_argument& a, const format_spec& spec) {
  using kind = format_argument::kind;
  switch (a.type) {
    case kind::unsigned_integer:
      return out.put_unsigned(a.u, spec.hexadecimal ? 16 : 10, spec.width, spec.fill);
    case kind::signed_integer:
      if (spec.hexadecimal) return out.put_unsigned(a.u, 16, spec.width, spec.fill);
      return out.put_signed(a.i, spec.width, spec.fill);
    case kind::pointer:
      out.put("0x");
      return out.put_unsigned(a.u, 16, spec.width, spec.fill);
    case kind::text:
      out.put(std::string_view(a.s.data, a.s.size));
      for (usize i = a.s.size; i < spec.width; ++i) out.put(' ');
      return;
    case kind::character:
      return out.put(static_cast<char>(a.u));
    case kind::boolean:
      return out.put(a.u ? "true" : "false");
  }
}

}  // namespace

void format_arguments(text_writer& out, std::string_view pattern, const format_argument* arguments, usize count) {
  usize used = 0;
  for (usize i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if ((c == '{' || c == '}') && i + 1 < pattern.size() && pattern[i + 1] == c) {
      out.put(c);
      ++i;
      continue;
    }
    if (c != '{') {
      out.put(c);
      continue;
    }
    format_spec spec;
    for (++i; i < pattern.size() && pattern[i] != '}'; ++i) {
      const char p = pattern[i];
      if (p == 'x')
        spec.hexadecimal = true;
      else if (p == '0' && spec.width == 0)
        spec.fill = '0';
      else if (p >= '0' && p <= '9')
        spec.width = spec.width * 10 + static_cast<unsigned>(p - '0');
    }
    if (used < count)
      put_argument(out, arguments[used++], spec);
    else
      out.put("{?}");
  }
}

}  // namespace osv
