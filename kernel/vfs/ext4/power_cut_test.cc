// Power cuts: what a program was told to be safe is there, whatever part of the later writes reached the disk, and e2fsck
// finds nothing to mend.
#include "vfs/entry.hh"
#include "vfs/ext4/test_disk.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

namespace flag = io::open_flag;

/// What must be true once the disk has taken so many steps.
struct promise {
  usize steps;
  std::string path, content;
};

class power_cut : public testing::TestWithParam<const char*> {};

void work(writable_disk& disk, std::vector<promise>& promises) {
  const auto safe = [&](const std::string& path, const std::string& text) { promises.push_back({disk.steps(), path, text}); };
  ASSERT_TRUE(make_directory({}, "/data/d", 0755).ok());
  auto log = open({}, "/data/log", flag::create | flag::read_write | flag::append, 0644);
  ASSERT_TRUE(log.ok());
  std::string logged;
  for (int i = 0; i < 25; ++i) {
    const std::string record = "record " + std::to_string(i) + " " + pattern(static_cast<usize>(i) * 37) + "\n";
    ASSERT_TRUE(write_text(**log, record).ok());
    logged += record;
    // A longer file begins as this one is now.
    ASSERT_TRUE((*log)->sync(i % 2).ok());
    safe("/data/log", logged);

    const std::string name = "/data/d/file-" + std::to_string(i % 7), fresh = "/data/d/fresh";
    ASSERT_EQ(errc::ok, put_file(fresh, pattern(static_cast<usize>(i) * 3000 + 1, static_cast<u32>(i))));
    if (i % 3 == 0) {
      auto file = open({}, fresh, flag::read_write, 0);
      ASSERT_TRUE((*file)->sync(false).ok());
    }
    ASSERT_TRUE(rename({}, fresh, {}, name, 0).ok());
    if (i % 5 == 4) {
      ASSERT_TRUE(unlink({}, name).ok());
    }
    ASSERT_TRUE(symlink(std::string(static_cast<usize>(20 + i * 4), 's'), {}, "/data/d/link-" + std::to_string(i)).ok());
  }
}

TEST_P(power_cut, keeps_what_was_synchronised) {
  const std::string options = GetParam();
  writable_disk disk(options == "own" ? std::vector<u8>(16 << 20) : make_ext4(options, 16));
  ASSERT_TRUE(mount_empty_root().ok());
  ASSERT_TRUE(mount_device(disk, "/data", "ext4", {.format_if_blank = true}).ok());
  const std::vector<u8> before = disk.bytes();
  disk.recording = true;
  std::vector<promise> promises;
  work(disk, promises);
  unmount_everything();
  disk.recording = false;

  std::vector<usize> flushes;
  for (usize i = 0; i < disk.steps(); ++i)
    if (disk.is_flush(i)) flushes.push_back(i + 1);
  ASSERT_GT(flushes.size(), 50u);
  u32 x = 7;
  for (usize f = 0; f + 1 < flushes.size(); f += 8) {
    // The cache of a disk may have written any of what came after the flush.
    writable_disk cut(disk.after_some(before, flushes[f], flushes[f + 1], [&] { return (x = x * 1664525 + 1013904223) >> 31; }));
    if (f % 3 == 0) {
      // e2fsck reads the journal as the kernel does.
      EXPECT_EQ("", check_replayed(cut.bytes())) << f;
    }
    ASSERT_TRUE(mount_empty_root().ok());
    ASSERT_TRUE(mount_device(cut, "/data", "ext4").ok()) << f;
    std::string newest;
    for (const promise& p : promises)
      if (p.steps <= flushes[f]) newest = p.content;
    const std::string found = newest.empty() ? "" : content("/data/log");
    EXPECT_EQ(newest, found.substr(0, newest.size())) << f;
    unmount_everything();
    EXPECT_EQ("", check(cut.bytes())) << f;
  }
}

INSTANTIATE_TEST_SUITE_P(, power_cut, testing::Values("own", "-b 1024 -O ^metadata_csum"), [](const auto& info) { return info.index ? "mkfs" : "own"; });

}  // namespace
}  // namespace osv::vfs::test
