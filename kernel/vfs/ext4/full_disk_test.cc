// Full ext4 volumes: what room there is goes to whom it was promised, and what was removed is room at once.
#include "vfs/entry.hh"
#include "vfs/ext4/test_disk.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

namespace flag = io::open_flag;

class full_disk : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    disk = std::make_unique<writable_disk>(make_ext4(GetParam(), 32));
    ASSERT_TRUE(mount_empty_root().ok());
    ASSERT_TRUE(mount_device(*disk, "/data", "ext4", {}).ok());
  }
  void TearDown() override {
    unmount_everything();
    EXPECT_EQ("", check(disk->bytes()));
  }
  /// Writes to a file until there is no room for more; nothing of it waits to be written.
  void fill(const std::string& path) {
    auto file = open({}, path, flag::create | flag::read_write, 0644);
    ASSERT_TRUE(file.ok());
    for (const std::string piece = pattern(1 << 16);;) {
      auto n = write_text(**file, piece);
      if (!n.ok() || n.value() < piece.size()) break;
    }
    ASSERT_TRUE((*file)->sync(false).ok());
  }
  /// Makes directories, each of which takes a block, until there is no room or there are `count`; how many were made.
  int make_directories(const std::string& prefix, int count) {
    int made = 0;
    errc error = errc::ok;
    for (; made < count; ++made)
      if ((error = error_of(make_directory({}, prefix + std::to_string(made), 0755))) != errc::ok) break;
    EXPECT_TRUE(made == count || error == errc::no_space) << static_cast<int>(error);
    return made;
  }
  std::unique_ptr<writable_disk> disk;
};

TEST_P(full_disk, has_room_for_a_name_once_a_file_was_removed) {
  fill("/data/big");
  EXPECT_LT(make_directories("/data/rest-", 100), 100);
  ASSERT_TRUE(unlink({}, "/data/big").ok());
  // A directory's block, a long link's, and that of a directory that grows: none is free before a commit.
  EXPECT_TRUE(make_directory({}, "/data/directory", 0755).ok());
  fill("/data/big");
  EXPECT_LT(make_directories("/data/more-", 100), 100);
  ASSERT_TRUE(unlink({}, "/data/big").ok());
  EXPECT_TRUE(symlink(std::string(500, 's'), {}, "/data/long").ok());
}

TEST_P(full_disk, has_an_inode_for_a_name_once_a_file_was_removed) {
  file_system_status s;
  ASSERT_TRUE(make_directory({}, "/data/many", 0755).ok());
  ASSERT_TRUE(statfs({}, "/data", s).ok());
  for (u64 i = 0; i < s.files_free; ++i) ASSERT_EQ(errc::ok, error_of(make_node({}, "/data/many/" + std::to_string(i), io::mode::regular | 0644, 0)));
  EXPECT_EQ(errc::no_space, put_file("/data/one-more", ""));
  ASSERT_TRUE(unlink({}, "/data/many/0").ok());
  EXPECT_EQ(errc::ok, put_file("/data/one-more", ""));
}

TEST_P(full_disk, keeps_for_writes_what_they_were_promised) {
  fill("/data/big");
  constexpr usize room = 60;
  ASSERT_TRUE(truncate({}, "/data/big", align_down(status_of("/data/big").size, page_size) - room * page_size).ok());
  ASSERT_TRUE(sync_all().ok());
  auto file = open({}, "/data/promised", flag::create | flag::read_write, 0644);
  ASSERT_TRUE(file.ok());
  std::string expected;
  for (;;) {
    const std::string piece = pattern(page_size, static_cast<u32>(expected.size()));
    auto n = write_text(**file, piece);
    if (!n.ok()) break;
    expected += piece.substr(0, n.value());
  }
  EXPECT_GE(expected.size(), (room - 10) * page_size);
  EXPECT_LT(make_directories("/data/directory-", 60), 60);
  // Long links take blocks, too.
  for (int i = 0; i < 60; ++i) (void)symlink(std::string(500, 's'), {}, "/data/link-" + std::to_string(i));
  EXPECT_TRUE((*file)->sync(false).ok());
  EXPECT_EQ(expected, content("/data/promised"));
}

INSTANTIATE_TEST_SUITE_P(, full_disk, testing::Values("-b 4096", "-b 1024 -O ^64bit -I 128"),
                         [](const auto& info) { return std::string(info.param).substr(3, 4); });

}  // namespace

}  // namespace osv::vfs::test
