// A disk that can be written to, for tests of ext4/: in memory, with faults and a record of what reached it and when.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "vfs/test_images.hh"

namespace osv::vfs::test {

class writable_disk final : public devices::block_device {
 public:
  explicit writable_disk(usize bytes) : bytes_(bytes) {}
  explicit writable_disk(std::vector<u8> bytes) : bytes_(std::move(bytes)) {}

  std::string_view name() const override { return "vdt"; }
  std::string_view serial() const override { return "data"; }
  u64 sectors() const override { return bytes_.size() / devices::sector_size; }
  bool read_only() const override { return is_read_only; }
  void submit(devices::block_request& r) override {
    using enum devices::block_request::operation;
    bool good = true;
    if (r.kind == flush && on_flush) std::exchange(on_flush, {})();
    if (r.kind == read && on_read) std::exchange(on_read, {})();
    {
      std::lock_guard g(mutex_);
      const u64 from = r.sector * devices::sector_size;
      if (r.kind == flush) {
        good = !fail_flushes;
        if (recording) record_.push_back({0, {}});
        ++flushes;
      } else if (r.size % devices::sector_size || from + r.size > bytes_.size()) {
        good = false;
      } else if (r.kind == read) {
        good = !fail_reads;
        if (good) std::memcpy(r.data, bytes_.data() + from, r.size);
      } else {
        good = r.kind == write && !fail_writes && !is_read_only;
        if (good) {
          const auto* data = static_cast<const u8*>(r.data);
          std::memcpy(bytes_.data() + from, data, r.size);
          if (recording) record_.push_back({from, {data, data + r.size}});
          ++writes;
        }
      }
    }
    r.completed(r, good ? result<>() : result<>(fail(errc::io)));
  }

  const std::vector<u8>& bytes() const { return bytes_; }
  std::vector<u8>& bytes() { return bytes_; }
  /// What a power cut leaves when only the first `steps` writes and flushes of the record happened, over `before`.
  std::vector<u8> after(std::vector<u8> before, usize steps) const {
    for (usize i = 0; i < steps; ++i)
      if (!record_[i].data.empty()) std::memcpy(before.data() + record_[i].offset, record_[i].data.data(), record_[i].data.size());
    return before;
  }
  /// The same, and of the steps up to `end` those for which `happens()`.
  template <typename Happens>
  std::vector<u8> after_some(std::vector<u8> before, usize steps, usize end, Happens&& happens) const {
    before = after(std::move(before), steps);
    for (usize i = steps; i < end; ++i)
      if (!record_[i].data.empty() && happens()) std::memcpy(before.data() + record_[i].offset, record_[i].data.data(), record_[i].data.size());
    return before;
  }
  usize steps() const { return record_.size(); }
  bool is_flush(usize step) const { return record_[step].data.empty(); }

  bool is_read_only = false, recording = false;
  std::atomic<bool> fail_writes{false}, fail_reads{false}, fail_flushes{false};
  std::atomic<unsigned> writes{0}, flushes{0};
  /// Happens once, in the middle of the next flush.
  std::function<void()> on_flush;
  /// Likewise, before the next read.
  std::function<void()> on_read;

 private:
  struct step {
    u64 offset;
    std::vector<u8> data;  // empty: a flush
  };
  std::mutex mutex_;
  std::vector<u8> bytes_;
  std::vector<step> record_;
};

/// A folder in memory where there is one: the tools synchronise what they write.
inline std::string fast_folder() {
  char pattern[] = "/dev/shm/osv-ext4-XXXXXX";
  if (const char* made = mkdtemp(pattern)) return made;
  char other[] = "/tmp/osv-ext4-XXXXXX";
  return mkdtemp(other);
}
struct fast_scratch {
  std::string path = fast_folder();
  ~fast_scratch() { std::filesystem::remove_all(path); }
  std::string at(const std::string& name) const { return path + "/" + name; }
};

/// "" when e2fsck finds nothing to mend, else what it says.
inline std::string check(const std::vector<u8>& image, const std::string& options = "-fn") {
  fast_scratch folder;
  std::ofstream(folder.at("image"), std::ios::binary).write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
  const int status = std::system(("e2fsck " + options + " " + folder.at("image") + " >" + folder.at("out") + " 2>&1").c_str());
  if (status == 0) return "";
  const auto text = read_host_file(folder.at("out"));
  return std::string(text.begin(), text.end());
}

/// The same after e2fsck itself has written the journal back.
inline std::string check_replayed(const std::vector<u8>& image) {
  fast_scratch folder;
  std::ofstream(folder.at("image"), std::ios::binary).write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
  (void)!std::system(("e2fsck -fy -E journal_only " + folder.at("image") + " >/dev/null 2>&1").c_str());
  return check(read_host_file(folder.at("image")));
}

/// An image that mkfs.ext4 made, of `mebibytes`, with the files of `tree`.
inline std::vector<u8> make_ext4(const std::string& options, usize mebibytes, const std::string& tree = "") {
  static auto* made = new std::map<std::string, std::vector<u8>>;
  std::vector<u8>& known = (*made)[options + " " + std::to_string(mebibytes) + " " + tree];
  if (!known.empty()) return known;
  fast_scratch out;
  const std::string path = out.at("image");
  const std::string command = "truncate -s " + std::to_string(mebibytes) + "M " + path + " && mkfs.ext4 -q " + options + (tree.empty() ? "" : " -d " + tree);
  if (std::system((command + " " + path + " >/dev/null 2>&1").c_str()) != 0) return {};
  return known = read_host_file(out.at("image"));
}

}  // namespace osv::vfs::test
