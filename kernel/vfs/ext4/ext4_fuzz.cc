// Damaged ext4 volumes, mounted to be written to: every read and change ends, with an error or without. The input says which
// image and which bytes are changed. The images have no checksums, which would find the damage before the code under test does.
#include "vfs/ext4/test_disk.hh"

using namespace osv;
using namespace osv::vfs;

namespace {

/// Writes `size` bytes at `offset`, whatever comes of it.
void put(const std::string& path, usize size, u64 offset = 0) {
  const std::string text = test::pattern(size);
  auto file = open({}, path, io::open_flag::create | io::open_flag::read_write, 0644);
  if (!file.ok()) return;
  io::cursor from(static_cast<const void*>(text.data()), text.size());
  (void)(*file)->write_at(from, offset);
}

void fill(const std::string& at) {
  (void)make_directory({}, at + "/a", 0755);
  (void)make_directory({}, at + "/a/b", 0755);
  put(at + "/a/b/file", 20'000);
  put(at + "/other", 4);
  (void)symlink(std::string(100, 's'), {}, at + "/a/long");
  (void)symlink("a/b", {}, at + "/short");
  for (int i = 0; i < 30; ++i) put(at + "/a/name-" + std::to_string(i), 0);
  for (u64 i = 0; i < 12; ++i) put(at + "/holes", 1, i * 8192);
  (void)sync_all();
}

/// One that was unmounted, and one whose journal is to be replayed.
const std::vector<std::vector<u8>>& images() {
  static const auto* made = new std::vector<std::vector<u8>>([] {
    std::vector<std::vector<u8>> all;
    test::writable_disk disk(test::make_ext4("-b 1024 -N 64 -J size=1 -O ^metadata_csum,^resize_inode", 3));
    if (!mount_empty_root().ok() || !mount_device(disk, "/mnt", "ext4").ok()) return all;
    fill("/mnt");
    all.push_back(disk.bytes());
    unmount_everything();
    all.push_back(disk.bytes());
    return all;
  }());
  return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (images().empty() || size < 2) return 0;
  std::vector<u8> bytes = images()[data[0] % images().size()];
  // Where what is looked at lies: super block, descriptors, bitmaps, inodes, and the first blocks behind them.
  constexpr usize start = 1024;
  const usize span = data[1] & 1 ? bytes.size() - start : 128 * 1024;
  for (usize i = 2; i + 4 <= size; i += 4) bytes[start + (data[i] | data[i + 1] << 8 | data[i + 2] << 16) % span] = data[i + 3];
  test::writable_disk disk(std::move(bytes));
  if (mount_empty_root().ok() && mount_device(disk, "/mnt", "ext4").ok()) {
    test::visit_everything("/mnt");
    put("/mnt/a/new", 9000);
    (void)rename({}, "/mnt/other", {}, "/mnt/a/b/moved", 0);
    (void)truncate({}, "/mnt/holes", 20'000);
    (void)unlink({}, "/mnt/a/b/file");
    (void)sync_all();
  }
  unmount_everything();
  return 0;
}

extern "C" const char* const* fuzz_seeds() {
  static const char* const seeds[] = {"A0", "B0aaaa", "A1abcdefgh", "B1zzzzzzzz", "A0qwertyuiop", "B0aaaabbbbcccc", nullptr};
  return seeds;
}
