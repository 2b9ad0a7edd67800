// Images and devices for tests and fuzzers of vfs/: made by the real tools, read by the code under test.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
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

/// Opens, reads and follows all that can be reached from `path`. Bounded in depth and in names a directory, beyond what the
/// images here have: what a damaged image makes endless ends too.
inline void visit_everything(const std::string& path, int depth = 0) {
  constexpr int depth_max = 14;
  constexpr usize names_max = 3000;
  if (depth > depth_max) return;
  auto file = open({}, path, io::open_flag::directory, 0);
  if (!file.ok()) return;
  std::vector<std::string> found;
  for (;;) {
    const usize before = found.size();
    auto listed = file.value()->list([&](std::string_view name, u64, u8, u64) {
      if (name != "." && name != "..") found.emplace_back(name);
      return found.size() < names_max;
    });
    if (!listed.ok() || found.size() == before) break;
  }
  static std::vector<char> room(70'000);
  for (const std::string& name : found) {
    const std::string below = path + "/" + name;
    io::file_status s;
    (void)stat({}, below, 0, s);
    (void)read_link({}, below);
    auto opened = open({}, below, io::open_flag::non_blocking, 0);
    if (opened.ok()) {
      for (u64 offset : {u64{0}, s.size / 2, s.size > 100 ? s.size - 100 : 0}) {
        io::cursor into(room.data(), room.size());
        (void)opened.value()->read_at(into, offset);
      }
    }
    visit_everything(below, depth + 1);
  }
}

}  // namespace osv::vfs::test
