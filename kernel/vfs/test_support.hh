// What the tests of vfs/ share: short names for common calls, which expect success.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <sstream>

#include "io/test_support.hh"
#include "vfs/test_images.hh"

namespace osv::vfs::test {

inline void run(const std::string& command) { ASSERT_EQ(0, std::system((command + " >/dev/null 2>&1").c_str())) << command; }

inline std::string read_all(io::file& file, usize step = 1000) {
  std::string all;
  std::vector<char> room(step);
  for (;;) {
    io::cursor into(room.data(), room.size());
    auto n = file.read(into);
    EXPECT_TRUE(n.ok()) << static_cast<int>(n.error());
    if (!n.ok() || !n.value()) return all;
    all.append(room.data(), n.value());
  }
}

inline result<usize> write_text_at(io::file& file, const std::string& text, u64 offset) {
  io::cursor from(static_cast<const void*>(text.data()), text.size());
  return file.write_at(from, offset);
}

/// The whole content of a path, or "error N".
inline std::string content(const std::string& path) {
  auto file = open({}, path, io::open_flag::read_only, 0);
  if (!file.ok()) return "error " + std::to_string(static_cast<int>(file.error()));
  return read_all(*file.value());
}

inline errc put_file(const std::string& path, const std::string& text, u32 flags = io::open_flag::create | io::open_flag::truncate) {
  auto file = open({}, path, io::open_flag::read_write | flags, 0644);
  if (!file.ok()) return file.error();
  auto wrote = write_text(*file.value(), text);
  if (!wrote.ok()) return wrote.error();
  return wrote.value() == text.size() ? errc::ok : errc::io;
}

/// Names of a directory with their inode numbers, "." and ".." not among them.
inline std::map<std::string, u64> names(const std::string& path, usize at_once = ~0ul) {
  std::map<std::string, u64> all;
  auto file = open({}, path, io::open_flag::read_only | io::open_flag::directory, 0);
  EXPECT_TRUE(file.ok()) << path;
  if (!file.ok()) return all;
  for (;;) {
    usize n = 0;
    auto listed = file.value()->list([&](std::string_view name, u64 inode, u8, u64) {
      if (n == at_once) return false;
      ++n;
      if (name != "." && name != "..") {
        EXPECT_FALSE(all.count(std::string(name))) << name;
        all[std::string(name)] = inode;
      }
      return true;
    });
    EXPECT_TRUE(listed.ok());
    if (!n || !listed.ok()) return all;
  }
}

inline io::file_status status_of(const std::string& path, u32 flags = 0) {
  io::file_status s;
  auto r = stat({}, path, flags, s);
  EXPECT_TRUE(r.ok()) << path << ": " << static_cast<int>(r.error());
  return s;
}

/// Whether a path exists; the error of stat(2).
inline errc look(const std::string& path, u32 flags = 0) {
  io::file_status s;
  return stat({}, path, flags, s).error();
}

}  // namespace osv::vfs::test
