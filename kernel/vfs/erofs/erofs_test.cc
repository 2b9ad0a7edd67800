// The root from an image made by mkfs.erofs: reading, listing, links, the layer above, and damaged images.
#include "vfs/entry.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

struct source_tree : scratch_folder {
  source_tree() {
    write("etc/hosts", "127.0.0.1 localhost\n");
    write("etc/empty", "");
    write("big", pattern(1'000'000));
    write("page", pattern(4096, 2));
    write("page-and-one", pattern(4097, 3));
    for (int i = 0; i < 1000; ++i) write("many/file-" + std::to_string(i), std::to_string(i));
    std::filesystem::create_symlink("hosts", at("etc/link"));
    std::filesystem::create_symlink("/etc", at("absolute"));
    std::filesystem::create_symlink("loop-b", at("loop-a"));
    std::filesystem::create_symlink("loop-a", at("loop-b"));
    std::filesystem::create_hard_link(at("etc/hosts"), at("hosts-too"));
    mkfifo(at("fifo").c_str(), 0600);
    chmod(at("page").c_str(), 0750);
  }
};

class erofs_image : public testing::TestWithParam<const char*> {
 protected:
  static const std::vector<u8>& bytes(const std::string& options) {
    static auto* made = new std::map<std::string, std::vector<u8>>;
    auto& slot = (*made)[options];
    if (slot.empty()) {
      source_tree tree;
      scratch_folder out;
      run("mkfs.erofs " + options + " " + out.at("image") + " " + tree.path());
      slot = read_host_file(out.at("image"));
    }
    return slot;
  }
  void SetUp() override {
    device = std::make_unique<memory_device>(bytes(GetParam()));
    ASSERT_TRUE(mount_root(*device).ok());
  }
  void TearDown() override {
    unmount_everything();
    EXPECT_EQ(0u, cached_entries());
  }
  std::unique_ptr<memory_device> device;
};

TEST_P(erofs_image, reads_files) {
  EXPECT_EQ("127.0.0.1 localhost\n", content("/etc/hosts"));
  EXPECT_EQ("", content("/etc/empty"));
  EXPECT_EQ(pattern(1'000'000), content("/big"));
  EXPECT_EQ(pattern(4096, 2), content("/page"));
  EXPECT_EQ(pattern(4097, 3), content("/page-and-one"));
  EXPECT_EQ("error 2", content("/absent"));
  EXPECT_EQ("error 20", content("/page/below"));
}

TEST_P(erofs_image, reads_ahead_in_clusters) {
  auto file = open({}, "/big", io::open_flag::read_only, 0);
  ASSERT_TRUE(file.ok());
  device->requests = 0;
  EXPECT_EQ(1'000'000u, read_all(*file.value(), 4096).size());
  EXPECT_LT(device->requests, 20u);  // 245 pages, at most 32 a request
  device->requests = 0;
  EXPECT_EQ(pattern(1'000'000), content("/big"));
  EXPECT_EQ(0u, device->requests);
}

TEST_P(erofs_image, lists_directories_whole_and_in_pieces) {
  const auto all = names("/many");
  EXPECT_EQ(1000u, all.size());
  EXPECT_EQ(all, names("/many", 7));
  EXPECT_TRUE(all.count("file-999"));
  for (int i = 0; i < 1000; i += 37) EXPECT_EQ(std::to_string(i), content("/many/file-" + std::to_string(i)));
  EXPECT_EQ((std::set<std::string>{"absolute", "big", "etc", "fifo", "hosts-too", "loop-a", "loop-b", "many", "page", "page-and-one"}), [] {
    std::set<std::string> s;
    for (auto& [name, inode] : names("/")) s.insert(name);
    return s;
  }());
}

TEST_P(erofs_image, follows_links) {
  EXPECT_EQ("127.0.0.1 localhost\n", content("/etc/link"));
  EXPECT_EQ("127.0.0.1 localhost\n", content("/absolute/link"));
  EXPECT_EQ("127.0.0.1 localhost\n", content("/many/.././absolute//../etc/hosts"));
  EXPECT_EQ("127.0.0.1 localhost\n", content("/../../etc/hosts"));
  EXPECT_EQ("error 40", content("/loop-a"));
  EXPECT_EQ(errc::ok, look("/loop-a", at_flag::symlink_no_follow));
  EXPECT_EQ(errc::symlink_loop, error_of(open({}, "/etc/link", io::open_flag::no_follow, 0)));
  EXPECT_EQ(errc::not_directory, look("/etc/hosts/"));
  EXPECT_EQ(errc::ok, look("/absolute/"));
  auto target = read_link({}, "/etc/link");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ("hosts", target.value().view());
  EXPECT_EQ(errc::invalid, error_of(read_link({}, "/etc/hosts")));
}

TEST_P(erofs_image, tells_status) {
  const auto page = status_of("/page");
  EXPECT_EQ(4096u, page.size);
  EXPECT_EQ(io::mode::regular | 0750, page.mode);
  EXPECT_EQ(2u, status_of("/etc/hosts").links);
  EXPECT_EQ(status_of("/etc/hosts").inode, status_of("/hosts-too").inode);
  EXPECT_EQ(io::mode::fifo | 0600, status_of("/fifo").mode);
  EXPECT_EQ(status_of("/etc").inode, names("/")["etc"]);
  EXPECT_EQ(io::mode::link, status_of("/absolute", at_flag::symlink_no_follow).mode & io::mode::type_mask);
  EXPECT_EQ(4u, status_of("/absolute", at_flag::symlink_no_follow).size);
}

TEST_P(erofs_image, resolves_paths) {
  EXPECT_EQ("/etc/hosts", resolve({}, "/absolute/link").value().view());
  working_directory here;
  EXPECT_EQ("/", here.path().value().view());
  ASSERT_TRUE(here.change({}, "absolute").ok());
  EXPECT_EQ("/etc", here.path().value().view());
  EXPECT_EQ(errc::ok, error_of(open(here.base(), "hosts", 0, 0)));
  ASSERT_TRUE(here.change(here.base(), "..").ok());
  EXPECT_EQ("/", here.path().value().view());
  EXPECT_EQ(errc::not_directory, here.change({}, "/page").error());
  auto directory = open({}, "/etc", io::open_flag::directory, 0);
  ASSERT_TRUE(directory.ok());
  EXPECT_EQ(errc::ok, error_of(open(lookup_base::of(*directory.value()).value(), "hosts", 0, 0)));
  auto file = open({}, "/etc/hosts", 0, 0);
  EXPECT_EQ(errc::not_directory, error_of(open(lookup_base::of(*file.value()).value(), "hosts", 0, 0)));
  EXPECT_EQ("/etc/hosts", file.value()->name());
}

TEST_P(erofs_image, fails_only_where_the_disk_does) {
  auto file = open({}, "/big", 0, 0);
  ASSERT_TRUE(file.ok());
  for (u64 s = 0; s < device->sectors(); ++s) device->bad.insert(s);
  char byte;
  {
    io::cursor into(&byte, 1);
    EXPECT_EQ(errc::io, error_of(file.value()->read_at(into, 500'000)));
  }
  device->bad.clear();
  io::cursor into(&byte, 1);
  EXPECT_EQ(errc::ok, error_of(file.value()->read_at(into, 500'000)));
  EXPECT_EQ(pattern(1'000'000)[500'000], byte);
}

INSTANTIATE_TEST_SUITE_P(options, erofs_image,
                         testing::Values("", "-x-1", "-E force-inode-compact", "-E force-inode-extended", "-E noinline_data",
                                         "--chunksize=4096", "--chunksize=65536"));

class damaged_image : public testing::Test {
 protected:
  void TearDown() override { unmount_everything(); }
  static std::vector<u8> small_image() {
    scratch_folder tree, out;
    tree.write("a/b/c/file", pattern(9000));
    tree.write("a/other", "text");
    tree.write("program", pattern(20000, 5));
    std::filesystem::create_symlink("a/b", tree.at("link"));
    for (int i = 0; i < 40; ++i) tree.write("names/name-of-some-length-" + std::to_string(i), "");
    run("mkfs.erofs -x-1 -E ^sb_csum " + out.at("image") + " " + tree.path());
    auto bytes = read_host_file(out.at("image"));
    if (bytes.empty()) {
      run("mkfs.erofs -x-1 " + out.at("image") + " " + tree.path());
      bytes = read_host_file(out.at("image"));
    }
    return bytes;
  }
};

TEST_F(damaged_image, with_flipped_bytes_gives_errors) {
  const auto good = small_image();
  ASSERT_GT(good.size(), 8192u);
  u32 x = 12345;
  for (int round = 0; round < 1500; ++round) {
    auto bytes = good;
    // Most hits in the metadata: the super block and the first blocks.
    for (int hits = 0; hits < 1 + round % 4; ++hits) {
      x = x * 1664525 + 1013904223;
      const usize where = round % 3 ? 1024 + (x >> 8) % 7168 : (x >> 4) % bytes.size();
      bytes[where] = static_cast<u8>(x >> 13);
    }
    memory_device device(bytes);
    if (mount_root(device).ok()) visit_everything("");
    unmount_everything();
  }
}

TEST_F(damaged_image, cut_off_anywhere_gives_errors) {
  const auto good = small_image();
  for (usize size = 0; align_up(size, devices::sector_size) < good.size(); size += size < 8192 ? 97 : 1777) {
    memory_device device(std::vector<u8>(good.begin(), good.begin() + static_cast<isize>(size)));
    EXPECT_FALSE(mount_root(device).ok()) << size;
    unmount_everything();
  }
}

TEST_F(damaged_image, wrong_checksum_is_found) {
  scratch_folder tree, out;
  tree.write("a", "b");
  run("mkfs.erofs " + out.at("image") + " " + tree.path());
  auto bytes = read_host_file(out.at("image"));
  bytes[1024 + 16] ^= 1;  // the number of inodes
  memory_device device(bytes);
  EXPECT_EQ(errc::corrupt, mount_root(device).error());
}

TEST_F(damaged_image, compressed_says_so) {
  scratch_folder tree, out;
  tree.write("a", std::string(100000, 'x'));
  run("mkfs.erofs -zlz4hc " + out.at("image") + " " + tree.path());
  memory_device device(read_host_file(out.at("image")));
  auto mounted = mount_root(device);
  EXPECT_EQ("error 95", mounted.ok() ? content("/a") : "error " + std::to_string(static_cast<int>(mounted.error())));
}

TEST_F(damaged_image, none_at_all_is_invalid) {
  memory_device device(std::vector<u8>(65536));
  EXPECT_EQ(errc::invalid, mount_root(device).error());
  memory_device tiny(std::vector<u8>(512));
  EXPECT_EQ(errc::invalid, mount_root(tiny).error());
}

}  // namespace

}  // namespace osv::vfs::test
