// ISO 9660 disks made by xorrisofs: with Rock Ridge, without, and damaged.
#include "vfs/entry.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

std::vector<u8> make_iso(const std::string& options, int files = 100) {
  scratch_folder tree, out;
  tree.write("boot.json", "{\"version\":1}");
  tree.write("..2024_01/secret", "s3cret");
  tree.write("big", pattern(300'000));
  tree.write("empty", "");
  tree.write("a/b/c/d/e/f/g/h/i/deep", "deep");
  tree.write("UpperCase.Txt", "mixed");
  tree.write(std::string(200, 'n'), "long");
  for (int i = 0; i < files; ++i) tree.write("many/some-name-" + std::to_string(i), std::to_string(i));
  std::filesystem::create_symlink("..2024_01/secret", tree.at("secret"));
  std::filesystem::create_symlink("/../etc/./passwd", tree.at("odd"));
  std::filesystem::create_symlink(std::string(200, 'x') + "/" + std::string(200, 'y'), tree.at("longlink"));
  chmod(tree.at("boot.json").c_str(), 0400);
  run("xorrisofs -quiet -V osvboot " + options + " -o " + out.at("iso") + " " + tree.path());
  return read_host_file(out.at("iso"));
}

const std::vector<u8>& rock_ridge() {
  static const auto* made = new std::vector<u8>(make_iso("-R -J"));
  return *made;
}

class iso : public testing::Test {
 protected:
  void mount(const std::vector<u8>& bytes, std::string_view type = "iso9660") {
    ASSERT_TRUE(mount_empty_root().ok());
    device = std::make_unique<memory_device>(bytes);
    ASSERT_TRUE(mount_device(*device, "/mnt", type).ok());
  }
  void TearDown() override { unmount_everything(); }
  std::unique_ptr<memory_device> device;
};

TEST_F(iso, shows_rock_ridge) {
  mount(rock_ridge(), "auto");
  EXPECT_EQ("{\"version\":1}", content("/mnt/boot.json"));
  EXPECT_EQ("s3cret", content("/mnt/secret"));
  EXPECT_EQ("/../etc/./passwd", read_link({}, "/mnt/odd").value().view());
  EXPECT_EQ(std::string(200, 'x') + "/" + std::string(200, 'y'), read_link({}, "/mnt/longlink").value().view());
  EXPECT_EQ(pattern(300'000), content("/mnt/big"));
  EXPECT_EQ("", content("/mnt/empty"));
  EXPECT_EQ("deep", content("/mnt/a/b/c/d/e/f/g/h/i/deep"));
  EXPECT_EQ("mixed", content("/mnt/UpperCase.Txt"));
  EXPECT_EQ("long", content("/mnt/" + std::string(200, 'n')));
  EXPECT_EQ("error 2", content("/mnt/uppercase.txt"));
  const auto s = status_of("/mnt/boot.json");
  EXPECT_EQ(io::mode::regular, s.mode & io::mode::type_mask);
  EXPECT_EQ(0400u, s.mode & 0777);
  EXPECT_EQ(13u, s.size);
  EXPECT_LT(1'600'000'000, s.modified.seconds);
  const auto many = names("/mnt/many");
  EXPECT_EQ(100u, many.size());
  EXPECT_EQ(many, names("/mnt/many", 3));
  EXPECT_EQ(many.at("some-name-7"), status_of("/mnt/many/some-name-7").inode);
  EXPECT_EQ(11u, names("/mnt").size());
}

TEST_F(iso, is_read_only) {
  mount(rock_ridge());
  EXPECT_EQ(errc::read_only, error_of(open({}, "/mnt/boot.json", io::open_flag::read_write, 0)));
  EXPECT_EQ(errc::read_only, error_of(open({}, "/mnt/new", io::open_flag::create | io::open_flag::write_only, 0644)));
  EXPECT_EQ(errc::read_only, unlink({}, "/mnt/boot.json").error());
  EXPECT_EQ(errc::read_only, make_directory({}, "/mnt/x", 0755).error());
  EXPECT_EQ(errc::read_only, access({}, "/mnt/boot.json", 2, 0).error());
  EXPECT_EQ(errc::read_only, change_mode({}, "/mnt/boot.json", 0777, 0).error());
}

TEST_F(iso, falls_back_to_plain_names) {
  mount(make_iso("-iso-level 2"));
  EXPECT_EQ("{\"version\":1}", content("/mnt/boot.json"));
  EXPECT_EQ(pattern(300'000), content("/mnt/big"));
}

TEST_F(iso, damaged_ones_give_errors) {
  const auto good = make_iso("-R", 10);
  u32 x = 99;
  for (int round = 0; round < 400; ++round) {
    auto bytes = good;
    for (int hits = 0; hits < 1 + round % 5; ++hits) {
      x = x * 1664525 + 1013904223;
      // Descriptors and directories lie in the first part.
      bytes[32768 + (x >> 6) % 60'000] = static_cast<u8>(x >> 15);
    }
    ASSERT_TRUE(mount_empty_root().ok());
    memory_device broken(bytes);
    if (mount_device(broken, "/mnt", "iso9660").ok()) visit_everything("/mnt");
    unmount_everything();
  }
  for (usize size = 0; size < good.size(); size += 9001) {
    ASSERT_TRUE(mount_empty_root().ok());
    memory_device broken(std::vector<u8>(good.begin(), good.begin() + static_cast<isize>(size)));
    if (mount_device(broken, "/mnt", "iso9660").ok()) visit_everything("/mnt");
    unmount_everything();
  }
}

TEST_F(iso, other_disks_are_refused) {
  ASSERT_TRUE(mount_empty_root().ok());
  memory_device zeroes(std::vector<u8>(1 << 20));
  EXPECT_EQ(errc::invalid, mount_device(zeroes, "/mnt", "iso9660").error());
  EXPECT_EQ(errc::invalid, mount_device(zeroes, "/mnt", "auto").error());
  EXPECT_EQ(errc::invalid, mount_device(zeroes, "/mnt", "ext4").error());
  EXPECT_EQ(errc::no_device, mount_device(zeroes, "/mnt", "xfs").error());
}

}  // namespace

}  // namespace osv::vfs::test
