// What the tests of vfs/ share: images made by the real tools, a device over a file, short names for common calls.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "devices/block_device.hh"
#include "vfs/vfs.hh"

namespace osv::vfs::test {

/// A folder of its own that goes with the test.
class scratch_folder {
 public:
  scratch_folder() {
    char pattern[] = "/tmp/osv-vfs-XXXXXX";
    path_ = mkdtemp(pattern);
  }
  ~scratch_folder() { std::filesystem::remove_all(path_); }
  std::string at(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(at(name)).parent_path());
    std::ofstream(at(name), std::ios::binary) << content;
  }

 private:
  std::string path_;
};

inline void run(const std::string& command) { ASSERT_EQ(0, std::system((command + " >/dev/null 2>&1").c_str())) << command; }

inline std::vector<u8> read_host_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Bytes that differ everywhere, the same on each run.
inline std::string pattern(usize size, u32 seed = 1) {
  std::string text(size, 0);
  u32 x = seed * 2654435761u + 1;
  for (char& c : text) {
    x = x * 1664525 + 1013904223;
    c = static_cast<char>(x >> 24);
  }
  return text;
}

/// A disk in memory. Reads of sectors in `bad` fail. Counts requests.
class memory_device final : public devices::block_device {
 public:
  explicit memory_device(std::vector<u8> bytes) : bytes_(std::move(bytes)) {
    bytes_.resize(align_up(bytes_.size(), devices::sector_size));
  }
  std::string_view name() const override { return "vdt"; }
  std::string_view serial() const override { return "test"; }
  u64 sectors() const override { return bytes_.size() / devices::sector_size; }
  bool read_only() const override { return true; }
  void submit(devices::block_request& r) override {
    ++requests;
    const u64 from = r.sector * devices::sector_size;
    bool good = r.kind == devices::block_request::operation::read && from + r.size <= bytes_.size();
    for (u64 s = r.sector; s < r.sector + r.size / devices::sector_size; ++s) good = good && !bad.count(s);
    if (good) std::memcpy(r.data, bytes_.data() + from, r.size);
    r.completed(r, good ? result<>() : result<>(fail(errc::io)));
  }
  std::atomic<unsigned> requests{0};
  std::set<u64> bad;

 private:
  std::vector<u8> bytes_;
};

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

inline result<usize> write_text(io::file& file, const std::string& text) {
  io::cursor from(static_cast<const void*>(text.data()), text.size());
  return file.write(from);
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

inline errc error_of(const result<>& r) { return r.error(); }
template <typename T>
errc error_of(const result<T>& r) {
  return r.error();
}
/// Whether a path exists; the error of stat(2).
inline errc look(const std::string& path, u32 flags = 0) {
  io::file_status s;
  return stat({}, path, flags, s).error();
}

}  // namespace osv::vfs::test
