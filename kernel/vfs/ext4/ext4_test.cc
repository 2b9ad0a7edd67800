// ext4 volumes made by mkfs.ext4 and by the kernel: reading, every kind of change, and what e2fsck says of it afterwards.
#include <atomic>
#include <thread>
#include <vector>

#include "vfs/entry.hh"
#include "vfs/ext4/test_disk.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

namespace flag = io::open_flag;

std::string name_for(const char* options) {
  std::string name;
  for (const char* c = options; *c; ++c) name += std::isalnum(static_cast<unsigned char>(*c)) ? *c : '_';
  return name.empty() ? "default" : name;
}

/// "" when they are the same, else where they differ: whole contents are no help.
std::string difference(const std::string& a, const std::string& b) {
  if (a == b) return "";
  usize at = 0;
  while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
  return "sizes " + std::to_string(a.size()) + " and " + std::to_string(b.size()) + ", different from " + std::to_string(at) + " on";
}

class ext4_volume : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string options = GetParam();
    if (options == "own")
      disk = std::make_unique<writable_disk>(32 << 20);
    else
      disk = std::make_unique<writable_disk>(make_ext4(options, 32));
    ASSERT_TRUE(mount_empty_root().ok());
    mount_disk();
  }
  void mount_disk() { ASSERT_TRUE(mount_device(*disk, "/data", "ext4", {.format_if_blank = true}).ok()); }
  void unmount_disk() { ASSERT_TRUE(unmount({}, "/data").ok()); }
  /// Unmounts, lets e2fsck look, mounts again.
  void cycle() {
    unmount_disk();
    EXPECT_EQ("", check(disk->bytes()));
    mount_disk();
  }
  void TearDown() override {
    unmount_everything();
    EXPECT_EQ("", check(disk->bytes()));
    EXPECT_EQ(0u, cached_entries());
  }
  std::unique_ptr<writable_disk> disk;
};

TEST_P(ext4_volume, is_clean_when_nothing_was_done) { cycle(); }

TEST_P(ext4_volume, keeps_files) {
  const std::vector<usize> sizes = {0, 1, 59, 60, 1023, 1024, 4095, 4096, 4097, 100'000, 3'000'000};
  for (usize size : sizes) ASSERT_EQ(errc::ok, put_file("/data/file-" + std::to_string(size), pattern(size, static_cast<u32>(size))));
  for (usize size : sizes) EXPECT_EQ("", difference(pattern(size, static_cast<u32>(size)), content("/data/file-" + std::to_string(size))));
  cycle();
  for (usize size : sizes) {
    EXPECT_EQ("", difference(pattern(size, static_cast<u32>(size)), content("/data/file-" + std::to_string(size))));
    EXPECT_EQ(size, status_of("/data/file-" + std::to_string(size)).size);
  }
}

TEST_P(ext4_volume, keeps_names) {
  ASSERT_TRUE(make_directory({}, "/data/a", 0755).ok());
  ASSERT_TRUE(make_directory({}, "/data/a/b", 0700).ok());
  ASSERT_EQ(errc::ok, put_file("/data/a/b/file", "text"));
  ASSERT_TRUE(link({}, "/data/a/b/file", {}, "/data/a/second", 0).ok());
  ASSERT_TRUE(symlink("a/b", {}, "/data/short").ok());
  const std::string long_target = std::string(200, 'x') + "/y";
  ASSERT_TRUE(symlink(long_target, {}, "/data/long").ok());
  ASSERT_TRUE(make_node({}, "/data/fifo", io::mode::fifo | 0600, 0).ok());
  EXPECT_EQ(2u, status_of("/data/a/second").links);
  EXPECT_EQ(3u, status_of("/data/a").links);
  cycle();
  EXPECT_EQ("text", content("/data/short/file"));
  EXPECT_EQ("text", content("/data/a/second"));
  EXPECT_EQ(long_target, std::string(read_link({}, "/data/long")->view()));
  EXPECT_EQ(io::mode::fifo, status_of("/data/fifo").mode & io::mode::type_mask);
  EXPECT_EQ(0700u, status_of("/data/a/b").mode & 07777);
  EXPECT_EQ(errc::not_empty, error_of(remove_directory({}, "/data/a/b")));
  ASSERT_TRUE(unlink({}, "/data/a/b/file").ok());
  ASSERT_TRUE(remove_directory({}, "/data/a/b").ok());
  EXPECT_EQ("text", content("/data/a/second"));
  EXPECT_EQ(2u, status_of("/data/a").links);
  ASSERT_TRUE(unlink({}, "/data/long").ok());
  cycle();
  EXPECT_EQ(errc::no_entry, look("/data/a/b"));
}

TEST_P(ext4_volume, renames) {
  for (const char* d : {"/data/one", "/data/two", "/data/one/sub", "/data/two/empty"}) ASSERT_TRUE(make_directory({}, d, 0755).ok());
  ASSERT_EQ(errc::ok, put_file("/data/one/a", "a"));
  ASSERT_EQ(errc::ok, put_file("/data/two/b", "b"));
  ASSERT_TRUE(rename({}, "/data/one/a", {}, "/data/one/renamed", 0).ok());
  ASSERT_TRUE(rename({}, "/data/one/renamed", {}, "/data/two/b", 0).ok());
  EXPECT_EQ("a", content("/data/two/b"));
  ASSERT_TRUE(rename({}, "/data/one/sub", {}, "/data/two/empty", 0).ok());
  ASSERT_EQ(errc::ok, put_file("/data/file", "f"));
  ASSERT_TRUE(rename({}, "/data/file", {}, "/data/two/empty", rename_flag::exchange).ok());
  cycle();
  EXPECT_EQ("f", content("/data/two/empty"));
  EXPECT_EQ(io::mode::directory, status_of("/data/file").mode & io::mode::type_mask);
  EXPECT_EQ(2u, status_of("/data/one").links);
}

TEST_P(ext4_volume, grows_and_shrinks_directories) {
  ASSERT_TRUE(make_directory({}, "/data/many", 0755).ok());
  const auto name = [](int i) { return "/data/many/a-name-of-some-length-" + std::to_string(i); };
  for (int i = 0; i < 1200; ++i) ASSERT_EQ(errc::ok, put_file(name(i), i % 3 ? "" : std::to_string(i)));
  EXPECT_EQ(1200u, names("/data/many").size());
  EXPECT_EQ(1200u, names("/data/many", 7).size());
  for (int i = 0; i < 1200; i += 2) ASSERT_TRUE(unlink({}, name(i)).ok());
  cycle();
  EXPECT_EQ(600u, names("/data/many").size());
  EXPECT_EQ("9", content(name(9)));
  for (int i = 0; i < 1200; i += 2) ASSERT_EQ(errc::ok, put_file(name(i), "again"));
  cycle();
  EXPECT_EQ("again", content(name(1198)));
}

TEST_P(ext4_volume, truncates_and_has_holes) {
  auto file = open({}, "/data/file", flag::create | flag::read_write, 0644);
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(5u, write_text_at(**file, "start", 0).value());
  ASSERT_EQ(3u, write_text_at(**file, "end", 10'000'000).value());
  EXPECT_EQ(10'000'003u, status_of("/data/file").size);
  std::string expected(10'000'003, 0);
  expected.replace(0, 5, "start");
  expected.replace(10'000'000, 3, "end");
  EXPECT_EQ("", difference(expected, content("/data/file")));
  ASSERT_TRUE((*file)->sync(false).ok());
  EXPECT_LT(status_of("/data/file").blocks_512, 100u);
  ASSERT_TRUE((*file)->truncate(3).ok());
  ASSERT_TRUE((*file)->truncate(5000).ok());
  expected = std::string("sta") + std::string(4997, 0);
  EXPECT_EQ("", difference(expected, content("/data/file")));
  file = fail(errc::io);
  cycle();
  EXPECT_EQ("", difference(expected, content("/data/file")));
}

TEST_P(ext4_volume, overwrites_in_place) {
  std::string expected = pattern(300'000);
  ASSERT_EQ(errc::ok, put_file("/data/file", expected));
  cycle();
  auto file = open({}, "/data/file", flag::read_write, 0);
  ASSERT_TRUE(file.ok());
  u32 x = 1;
  for (int i = 0; i < 300; ++i) {
    x = x * 1664525 + 1013904223;
    const usize at = x % 310'000, size = x / 7 % 9000;
    const std::string text = pattern(size, x);
    ASSERT_EQ(size, write_text_at(**file, text, at).value());
    if (expected.size() < at + size && size) expected.resize(at + size);
    expected.replace(at, size, text);
    if (i % 50 == 0) {
      ASSERT_TRUE((*file)->sync(i % 100 == 0).ok());
    }
  }
  EXPECT_EQ("", difference(expected, content("/data/file")));
  file = fail(errc::io);
  cycle();
  EXPECT_EQ("", difference(expected, content("/data/file")));
}

TEST_P(ext4_volume, scatters_and_gathers_extents) {
  auto file = open({}, "/data/file", flag::create | flag::read_write, 0644);
  ASSERT_TRUE(file.ok());
  // Every other page: as many extents as pages, in two levels of the tree.
  constexpr int pages = 1500;
  for (int i = 0; i < pages; ++i) {
    ASSERT_EQ(100u, write_text_at(**file, pattern(100, static_cast<u32>(i)), static_cast<u64>(i) * 8192).value());
    if (i % 100 == 99) {
      ASSERT_TRUE((*file)->sync(false).ok());
    }
  }
  file = fail(errc::io);
  cycle();
  file = open({}, "/data/file", flag::read_write, 0);
  const std::string all = content("/data/file");
  for (int i = 0; i < pages; ++i) ASSERT_EQ(pattern(100, static_cast<u32>(i)), all.substr(static_cast<usize>(i) * 8192, 100)) << i;
  // The gaps, from the end, and then cut in the middle.
  for (int i = pages - 1; i >= 0; i -= 3) ASSERT_EQ(10u, write_text_at(**file, "0123456789", static_cast<u64>(i) * 8192 + 4096).value());
  ASSERT_TRUE((*file)->sync(false).ok());
  ASSERT_TRUE((*file)->truncate(8192 * 400).ok());
  file = fail(errc::io);
  cycle();
  ASSERT_TRUE(unlink({}, "/data/file").ok());
}

TEST_P(ext4_volume, allocates_ahead) {
  auto file = open({}, "/data/file", flag::create | flag::read_write, 0644);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->allocate(0, 0, 1'000'000).ok());
  ASSERT_TRUE((*file)->allocate(1, 1'000'000, 1'000'000).ok());
  EXPECT_EQ(1'000'000u, status_of("/data/file").size);
  EXPECT_GE(status_of("/data/file").blocks_512, 2'000'000u / 512);
  std::string expected(1'000'000, 0);
  expected.replace(500'000, 5, "hello");
  ASSERT_EQ(5u, write_text_at(**file, "hello", 500'000).value());
  EXPECT_EQ("", difference(expected, content("/data/file")));
  file = fail(errc::io);
  cycle();
  EXPECT_EQ("", difference(expected, content("/data/file")));
  file = open({}, "/data/file", flag::read_write, 0);
  ASSERT_EQ(700'000u, write_text_at(**file, pattern(700'000), 0).value());
  expected.replace(0, 700'000, pattern(700'000));
  ASSERT_TRUE((*file)->allocate(3, 100'000, 300'000).ok());
  expected.replace(100'000, 300'000, std::string(300'000, 0));
  EXPECT_EQ("", difference(expected, content("/data/file")));
  file = fail(errc::io);
  cycle();
  EXPECT_EQ("", difference(expected, content("/data/file")));
}

TEST_P(ext4_volume, removes_open_files_later) {
  auto file = open({}, "/data/file", flag::create | flag::read_write, 0644);
  ASSERT_EQ(100'000u, write_text(**file, pattern(100'000)).value());
  ASSERT_TRUE(unlink({}, "/data/file").ok());
  ASSERT_TRUE((*file)->sync(false).ok());
  std::vector<char> room(100'000);
  io::cursor into(room.data(), room.size());
  EXPECT_EQ(100'000u, (*file)->read_at(into, 0).value());
  file = fail(errc::io);
  auto unnamed = open({}, "/data", flag::temporary_file | flag::read_write, 0600);
  ASSERT_TRUE(unnamed.ok());
  ASSERT_EQ(4u, write_text(**unnamed, "text").value());
}

TEST_P(ext4_volume, is_written_to_while_it_synchronises) {
  constexpr int files = 40, rounds = 60;
  vector<ref<io::file>> open_files;
  const auto name = [](int i) { return "/data/busy-" + std::to_string(i); };
  for (int i = 0; i < files; ++i) {
    auto file = open({}, name(i), flag::create | flag::read_write, 0644);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(open_files.push_back(*file).ok());
  }
  std::atomic<bool> done{false};
  // It makes every file dirty again at any moment of the rounds that write them.
  std::thread writer([&] {
    for (int round = 0; round < rounds; ++round)
      for (int i = 0; i < files; ++i) EXPECT_EQ(3u, write_text_at(*open_files[i], std::to_string(100 + round), 3 * round).value());
    done = true;
  });
  while (!done) EXPECT_TRUE(sync_all().ok());
  writer.join();
  open_files.clear();
  cycle();
  std::string expected;
  for (int round = 0; round < rounds; ++round) expected += std::to_string(100 + round);
  for (int i = 0; i < files; ++i) EXPECT_EQ(expected, content(name(i)));
}

TEST_P(ext4_volume, lives_through_a_truncation_that_failed) {
  ASSERT_EQ(errc::ok, put_file("/data/cut", pattern(50'000)));
  ASSERT_EQ(errc::ok, put_file("/data/other", "x"));
  cycle();  // no bitmap is in memory now
  auto file = open({}, "/data/cut", flag::read_write, 0);
  ASSERT_EQ(errc::ok, look("/data/other"));
  disk->fail_reads = true;
  EXPECT_EQ(errc::io, error_of((*file)->truncate(0)));
  disk->fail_reads = false;
  file = fail(errc::io);
  EXPECT_TRUE(sync_all().ok());
  drop_unused_entries();
  // It has neighbours in the list of orphans, which must be there still.
  ASSERT_TRUE(unlink({}, "/data/other").ok());
  EXPECT_TRUE(sync_all().ok());
  unmount_disk();
  mount_disk();  // finishes the truncation
}

TEST_P(ext4_volume, begins_nothing_behind_its_last_commit) {
  ASSERT_EQ(errc::ok, put_file("/data/file", "x"));
  result<ref<io::file>> late = fail(errc::io);
  disk->on_flush = [&] { late = open({}, "/data", flag::temporary_file | flag::read_write, 0600); };
  power_off();
  EXPECT_EQ(errc::read_only, error_of(late));
  late = fail(errc::io);
  unmount_disk();
  EXPECT_EQ("", check(disk->bytes()));
  mount_disk();
}

TEST_P(ext4_volume, ends_while_files_without_names_are_written) {
  constexpr int writers = 4;
  std::vector<std::thread> threads;
  std::atomic<int> begun{0};
  for (int i = 0; i < writers; ++i)
    threads.emplace_back([&] {
      auto file = open({}, "/data", flag::temporary_file | flag::read_write, 0600);
      ASSERT_TRUE(file.ok());
      const std::string piece = pattern(20'000);
      for (u64 at = 0; write_text_at(**file, piece, at % 2'000'000).ok(); at += 50'000)
        if (at == 500'000) ++begun;
    });
  while (begun < writers) std::this_thread::yield();
  power_off();
  for (auto& t : threads) t.join();
  unmount_disk();
  EXPECT_EQ("", check(disk->bytes()));
  mount_disk();
}

TEST_P(ext4_volume, gives_no_block_to_two_files_when_it_is_full) {
  auto big = open({}, "/data/big", flag::create | flag::read_write, 0644);
  ASSERT_TRUE(big.ok());
  for (const std::string piece = pattern(1 << 16);;) {
    auto n = write_text(**big, piece);
    if (!n.ok() || n.value() < piece.size()) break;
  }
  ASSERT_TRUE((*big)->sync(false).ok());
  ASSERT_TRUE((*big)->truncate(align_down(status_of("/data/big").size, 4096) - 60 * 4096).ok());
  ASSERT_TRUE(sync_all().ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([i] {
      for (int round = 0; round < 60; ++round) {
        const std::string name = "/data/sparse-" + std::to_string(i);
        auto file = open({}, name, flag::create | flag::read_write, 0644);
        if (!file.ok()) continue;
        for (u64 page = 0; page < 20; page += 2) (void)write_text_at(**file, pattern(4096, static_cast<u32>(i)), page * 4096);
        (void)(*file)->sync(false);
        (void)content(name);
        if (round % 2) (void)unlink({}, name);
      }
    });
  for (auto& t : threads) t.join();
  big = fail(errc::io);
  cycle();
}

TEST_P(ext4_volume, limits_links_to_what_a_block_holds) {
  const usize block = std::string(GetParam()).find("-b 1024") != std::string::npos   ? 1024
                      : std::string(GetParam()).find("-b 2048") != std::string::npos ? 2048
                                                                                     : 4096;
  EXPECT_EQ(errc::name_too_long, error_of(symlink(std::string(block, 's'), {}, "/data/whole")));
  if (block < 4096) {
    ASSERT_TRUE(symlink(std::string(block - 1, 's'), {}, "/data/less").ok());
  }
  cycle();
}

TEST_P(ext4_volume, says_when_it_is_full_and_frees_again) {
  for (int round = 0; round < 3; ++round) {
    auto file = open({}, "/data/big", flag::create | flag::read_write, 0644);
    ASSERT_TRUE(file.ok());
    const std::string piece = pattern(1 << 20);
    u64 total = 0;
    errc error = errc::ok;
    while (error == errc::ok && total < 60u << 20) {
      auto n = write_text(**file, piece);
      error = n.error();
      if (n.ok()) total += n.value();
      if (n.ok() && n.value() < piece.size()) error = errc::no_space;
    }
    EXPECT_EQ(errc::no_space, error);
    EXPECT_GT(total, 20u << 20) << round;
    ASSERT_TRUE((*file)->sync(false).ok());
    file_system_status s;
    ASSERT_TRUE(statfs({}, "/data", s).ok());
    EXPECT_LT(s.blocks_free * s.block_size, 1u << 20);
    file = fail(errc::io);
    ASSERT_TRUE(unlink({}, "/data/big").ok());
  }
  cycle();
}

TEST_P(ext4_volume, removes_no_file_without_extents) {
  unmount_disk();
  fast_scratch folder;
  const auto write_host = [&](const std::string& name, const void* data, usize size) {
    std::ofstream(folder.at(name), std::ios::binary).write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
  };
  const std::string text = pattern(100'000);
  write_host("text", text.data(), text.size());
  write_host("image", disk->bytes().data(), disk->bytes().size());
  write_host("commands", "feature -extents\nwrite text old\nwrite commands older\nfeature extents\n", 70);
  ASSERT_EQ(0, std::system(("cd " + folder.path + " && debugfs -w -f commands image >/dev/null 2>&1").c_str()));
  disk->bytes() = read_host_file(folder.at("image"));
  ASSERT_EQ("", check(disk->bytes()));
  mount_disk();
  EXPECT_EQ(errc::not_supported, error_of(unlink({}, "/data/old")));
  ASSERT_EQ(errc::ok, put_file("/data/new", "n"));
  EXPECT_EQ(errc::not_supported, error_of(rename({}, "/data/new", {}, "/data/old", 0)));
  EXPECT_EQ(text.size(), status_of("/data/old").size);
  EXPECT_EQ("n", content("/data/new"));
  // A further name of it may go.
  ASSERT_TRUE(link({}, "/data/older", {}, "/data/second", 0).ok());
  ASSERT_TRUE(unlink({}, "/data/older").ok());
  EXPECT_EQ(errc::not_supported, error_of(unlink({}, "/data/second")));
  cycle();
}

TEST_P(ext4_volume, changes_attributes) {
  ASSERT_EQ(errc::ok, put_file("/data/file", "x"));
  ASSERT_TRUE(change_mode({}, "/data/file", 0640, 0).ok());
  ASSERT_TRUE(change_owner({}, "/data/file", 70'000, 80'000, 0).ok());
  // 128 bytes have no room for more than 32 bits of seconds.
  const bool old_inodes = std::string(GetParam()).find("-I 128") != std::string::npos;
  ASSERT_TRUE(set_times({}, "/data/file", io::time_stamp{old_inodes ? 5'000'000 : 5'000'000'000, 123}, io::time_stamp{-5, 999'999'999}, 0).ok());
  cycle();
  const auto s = status_of("/data/file");
  EXPECT_EQ(0640u, s.mode & 07777);
  EXPECT_EQ(70'000u, s.user);
  EXPECT_EQ(80'000u, s.group);
  EXPECT_EQ(old_inodes ? 5'000'000 : 5'000'000'000, s.accessed.seconds);
  EXPECT_EQ(old_inodes ? 0u : 123u, s.accessed.nanoseconds);
  EXPECT_EQ(-5, s.modified.seconds);
}

TEST_P(ext4_volume, stays_read_only_after_a_failed_journal) {
  ASSERT_EQ(errc::ok, put_file("/data/before", "safe"));
  auto file = open({}, "/data/before", flag::read_write, 0);
  ASSERT_TRUE((*file)->sync(false).ok());
  ASSERT_EQ(errc::ok, put_file("/data/after", ""));
  disk->fail_writes = true;
  EXPECT_EQ(errc::io, error_of((*file)->sync(false)));
  disk->fail_writes = false;
  EXPECT_EQ(errc::io, error_of((*file)->sync(false)));
  EXPECT_EQ(errc::read_only, put_file("/data/more", ""));
  EXPECT_EQ(errc::read_only, error_of(write_text(**file, "gone")));
  EXPECT_EQ("safe", content("/data/before"));
  file = fail(errc::io);
  unmount_disk();
  // The journal says what was safe.
  mount_disk();
  EXPECT_EQ("safe", content("/data/before"));
  EXPECT_EQ(errc::no_entry, look("/data/after"));
}

TEST_P(ext4_volume, says_for_good_that_data_was_not_written) {
  ASSERT_EQ(errc::ok, put_file("/data/file", "text"));
  auto file = open({}, "/data/file", flag::read_write, 0);
  disk->fail_writes = true;
  EXPECT_EQ(errc::io, error_of((*file)->sync(true)));
  disk->fail_writes = false;
  EXPECT_EQ(errc::io, error_of((*file)->sync(true)));
}

INSTANTIATE_TEST_SUITE_P(, ext4_volume, testing::Values("own", "-b 4096", "-b 2048 -O ^metadata_csum", "-b 1024 -O ^64bit -I 128"),
                         [](const auto& info) { return name_for(info.param); });

}  // namespace
}  // namespace osv::vfs::test
