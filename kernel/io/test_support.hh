// What tests of all kinds of files share: short names for a read, a write and an error. Found by their arguments' namespaces.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hh"
#include "io/file.hh"

namespace osv {

template <typename T>
errc error_of(const result<T>& r) {
  return r.ok() ? errc::ok : r.error();
}

namespace io {

/// At most `size` bytes of one read; "error N" for an error.
inline std::string read_some(file& from, usize size) {
  std::string text(size, 0);
  cursor into(text.data(), size);
  auto n = from.read(into);
  if (!n.ok()) return "error " + std::to_string(static_cast<int>(n.error()));
  text.resize(n.value());
  return text;
}

inline result<usize> write_text(file& to, std::string_view text) {
  cursor from(static_cast<const void*>(text.data()), text.size());
  return to.write(from);
}

}  // namespace io

}  // namespace osv
