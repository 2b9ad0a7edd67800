// The writable layer over an image, and the same operations on a tmpfs: every test runs on both.
#include "hosted/test_controls.hh"
#include "vfs/entry.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

using namespace io::open_flag;

class layer : public testing::TestWithParam<bool> {
 protected:
  bool over_image() const { return GetParam(); }
  void SetUp() override {
    frames_before = hosted::allocated_frame_blocks();
    if (over_image()) {
      static const auto* image = new std::vector<u8>([] {
        scratch_folder tree, out;
        tree.write("etc/hosts", "127.0.0.1 localhost\n");
        tree.write("etc/passwd", "root:x:0:0\n");
        tree.write("data", pattern(100'000));
        tree.write("d/e/f", "deep");
        std::filesystem::create_hard_link(tree.at("data"), tree.at("data-too"));
        run("mkfs.erofs " + out.at("image") + " " + tree.path());
        return read_host_file(out.at("image"));
      }());
      device = std::make_unique<memory_device>(*image);
      ASSERT_TRUE(mount_root(*device).ok());
    } else {
      ASSERT_TRUE(mount_empty_root().ok());
      ASSERT_TRUE(make_directory({}, "/etc", 0755).ok());
      ASSERT_TRUE(make_directory({}, "/d", 0755).ok());
      ASSERT_TRUE(make_directory({}, "/d/e", 0755).ok());
      ASSERT_EQ(errc::ok, put_file("/etc/hosts", "127.0.0.1 localhost\n"));
      ASSERT_EQ(errc::ok, put_file("/etc/passwd", "root:x:0:0\n"));
      ASSERT_EQ(errc::ok, put_file("/data", pattern(100'000)));
      ASSERT_EQ(errc::ok, put_file("/d/e/f", "deep"));
      ASSERT_TRUE(link({}, "/data", {}, "/data-too", 0).ok());
    }
  }
  void TearDown() override {
    unmount_everything();
    EXPECT_EQ(0u, cached_entries());
    device.reset();
    // One page of zeroes may stay for ever.
    EXPECT_LE(hosted::allocated_frame_blocks(), frames_before + 1);
  }
  std::unique_ptr<memory_device> device;
  u64 frames_before = 0;
};

TEST_P(layer, writes_in_the_middle_and_keeps_the_rest) {
  {
    auto file = open({}, "/data", read_write, 0);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(5u, write_text_at(*file.value(), "HELLO", 50'000).value());
    EXPECT_EQ(8u, write_text_at(*file.value(), "CROSSING", 8188).value());
  }
  auto expected = pattern(100'000);
  expected.replace(50'000, 5, "HELLO");
  expected.replace(8188, 8, "CROSSING");
  drop_unused_entries();
  EXPECT_EQ(expected, content("/data"));
  EXPECT_EQ(expected, content("/data-too"));
}

TEST_P(layer, appends) {
  auto file = open({}, "/etc/hosts", write_only | append, 0);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(5u, write_text(*file.value(), "more\n").value());
  EXPECT_EQ(5u, write_text_at(*file.value(), "last\n", 0).value());
  EXPECT_EQ("127.0.0.1 localhost\nmore\nlast\n", content("/etc/hosts"));
}

TEST_P(layer, truncates_and_grows_with_zeroes) {
  ASSERT_TRUE(truncate({}, "/data", 5000).ok());
  EXPECT_EQ(pattern(100'000).substr(0, 5000), content("/data"));
  ASSERT_TRUE(truncate({}, "/data", 10'000).ok());
  EXPECT_EQ(pattern(100'000).substr(0, 5000) + std::string(5000, 0), content("/data"));
  ASSERT_TRUE(truncate({}, "/data", 0).ok());
  EXPECT_EQ("", content("/data"));
  ASSERT_EQ(errc::ok, put_file("/etc/hosts", "x"));
  EXPECT_EQ("x", content("/etc/hosts"));
  EXPECT_EQ(errc::is_directory, truncate({}, "/etc", 0).error());
}

TEST_P(layer, creates_unlinks_and_recreates) {
  EXPECT_EQ(errc::no_entry, look("/etc/new"));
  EXPECT_EQ(errc::ok, put_file("/etc/new", "n"));
  EXPECT_EQ(errc::exists, error_of(open({}, "/etc/new", create | exclusive | write_only, 0644)));
  EXPECT_EQ("n", content("/etc/new"));
  ASSERT_TRUE(unlink({}, "/etc/new").ok());
  EXPECT_EQ(errc::no_entry, look("/etc/new"));
  EXPECT_EQ(errc::no_entry, unlink({}, "/etc/new").error());
  ASSERT_TRUE(unlink({}, "/etc/hosts").ok());
  drop_unused_entries();
  EXPECT_EQ(errc::no_entry, look("/etc/hosts"));
  EXPECT_FALSE(names("/etc").count("hosts"));
  EXPECT_EQ(errc::ok, put_file("/etc/hosts", "again"));
  EXPECT_EQ("again", content("/etc/hosts"));
  EXPECT_EQ(2u, names("/etc").size());
}

TEST_P(layer, unlinked_files_live_while_open) {
  auto file = open({}, "/etc/hosts", read_write, 0);
  ASSERT_TRUE(unlink({}, "/etc/hosts").ok());
  EXPECT_EQ("/etc/hosts (deleted)", path_of(*file.value()).value().view());
  EXPECT_EQ("127.0.0.1 localhost\n", read_all(*file.value()));
  EXPECT_EQ(3u, write_text(*file.value(), "abc").value());
  io::file_status s;
  ASSERT_TRUE(file.value()->stat(s).ok());
  EXPECT_EQ(0u, s.links);
  EXPECT_EQ(23u, s.size);
}

TEST_P(layer, links_count) {
  EXPECT_EQ(2u, status_of("/data").links);
  ASSERT_TRUE(link({}, "/data", {}, "/etc/third", 0).ok());
  EXPECT_EQ(3u, status_of("/data-too").links);
  ASSERT_TRUE(unlink({}, "/data").ok());
  drop_unused_entries();
  EXPECT_EQ(2u, status_of("/data-too").links);
  EXPECT_EQ(status_of("/etc/third").inode, status_of("/data-too").inode);
  ASSERT_TRUE(unlink({}, "/data-too").ok());
  EXPECT_EQ(pattern(100'000), content("/etc/third"));
  EXPECT_EQ(errc::not_permitted, link({}, "/d", {}, "/d2", 0).error());
  EXPECT_EQ(errc::exists, link({}, "/etc/third", {}, "/etc/hosts", 0).error());
}

TEST_P(layer, makes_and_removes_directories) {
  ASSERT_TRUE(make_directory({}, "/etc/sub", 0700).ok());
  EXPECT_EQ(io::mode::directory | 0700, status_of("/etc/sub").mode);
  EXPECT_EQ(2u, status_of("/etc/sub").links);
  EXPECT_EQ(3u, status_of("/etc").links);
  EXPECT_EQ(errc::exists, make_directory({}, "/etc/sub", 0700).error());
  EXPECT_EQ(errc::exists, make_directory({}, "/", 0700).error());
  EXPECT_EQ(errc::ok, put_file("/etc/sub/x", ""));
  EXPECT_EQ(errc::not_empty, remove_directory({}, "/etc/sub").error());
  ASSERT_TRUE(unlink({}, "/etc/sub/x").ok());
  EXPECT_EQ(errc::is_directory, unlink({}, "/etc/sub").error());
  ASSERT_TRUE(remove_directory({}, "/etc/sub/").ok());
  EXPECT_EQ(errc::no_entry, look("/etc/sub"));
  EXPECT_EQ(errc::not_empty, remove_directory({}, "/d").error());
  EXPECT_EQ(errc::not_directory, remove_directory({}, "/etc/hosts").error());
  EXPECT_EQ(errc::invalid, remove_directory({}, "/etc/.").error());
  // A directory of the image is removed and made again: nothing of the old one shines through.
  ASSERT_TRUE(unlink({}, "/d/e/f").ok());
  ASSERT_TRUE(remove_directory({}, "/d/e").ok());
  ASSERT_TRUE(make_directory({}, "/d/e", 0755).ok());
  drop_unused_entries();
  EXPECT_TRUE(names("/d/e").empty());
}

TEST_P(layer, a_removed_directory_takes_no_names) {
  working_directory here;
  ASSERT_TRUE(make_directory({}, "/gone", 0755).ok());
  ASSERT_TRUE(here.change({}, "/gone").ok());
  ASSERT_TRUE(remove_directory({}, "/gone").ok());
  EXPECT_EQ(errc::no_entry, error_of(open(here.base(), "x", create | write_only, 0644)));
  EXPECT_EQ(errc::no_entry, make_directory(here.base(), "x", 0755).error());
  EXPECT_EQ(errc::no_entry, error_of(here.path()));
  EXPECT_EQ(errc::ok, here.change(here.base(), "..").error());
  EXPECT_EQ("/", here.path().value().view());
}

TEST_P(layer, renames_files) {
  ASSERT_TRUE(rename({}, "/etc/hosts", {}, "/etc/hosts2", 0).ok());
  EXPECT_EQ("127.0.0.1 localhost\n", content("/etc/hosts2"));
  EXPECT_EQ(errc::no_entry, look("/etc/hosts"));
  ASSERT_TRUE(rename({}, "/etc/hosts2", {}, "/etc/passwd", 0).ok());
  drop_unused_entries();
  EXPECT_EQ("127.0.0.1 localhost\n", content("/etc/passwd"));
  EXPECT_EQ(1u, names("/etc").size());
  ASSERT_TRUE(rename({}, "/etc/passwd", {}, "/d/e/here", 0).ok());
  EXPECT_EQ("127.0.0.1 localhost\n", content("/d/e/here"));
  EXPECT_EQ(errc::exists, rename({}, "/d/e/here", {}, "/d/e/f", rename_flag::no_replace).error());
  EXPECT_EQ(errc::no_entry, rename({}, "/d/e/absent", {}, "/d/e/f", 0).error());
  EXPECT_EQ(errc::is_directory, rename({}, "/d/e/here", {}, "/etc", 0).error());
  EXPECT_EQ(errc::not_directory, rename({}, "/etc", {}, "/d/e/here", 0).error());
  // Two names of one file: nothing happens.
  ASSERT_TRUE(rename({}, "/data", {}, "/data-too", 0).ok());
  EXPECT_EQ(errc::ok, look("/data"));
}

TEST_P(layer, renames_directories) {
  EXPECT_EQ(errc::invalid, rename({}, "/d", {}, "/d/e/inside", 0).error());
  EXPECT_EQ(errc::not_empty, rename({}, "/etc", {}, "/d", 0).error());
  ASSERT_TRUE(rename({}, "/d/e", {}, "/etc/moved", 0).ok());
  EXPECT_EQ("deep", content("/etc/moved/f"));
  EXPECT_EQ(errc::no_entry, look("/d/e"));
  EXPECT_EQ(2u, status_of("/d").links);
  EXPECT_EQ(3u, status_of("/etc").links);
  auto inside = open({}, "/etc/moved/..", io::open_flag::directory, 0);
  EXPECT_EQ("/etc", path_of(*inside.value()).value().view());
  ASSERT_TRUE(rename({}, "/etc/moved", {}, "/d", 0).ok());  // over an empty one
  drop_unused_entries();
  EXPECT_EQ("deep", content("/d/f"));
  EXPECT_EQ(1u, names("/etc").count("hosts"));
  EXPECT_EQ(0u, names("/etc").count("moved"));
}

TEST_P(layer, exchanges) {
  ASSERT_TRUE(rename({}, "/etc/hosts", {}, "/d", rename_flag::exchange).ok());
  EXPECT_EQ("127.0.0.1 localhost\n", content("/d"));
  EXPECT_EQ("deep", content("/etc/hosts/e/f"));
  drop_unused_entries();
  EXPECT_EQ("deep", content("/etc/hosts/e/f"));
  EXPECT_EQ(3u, status_of("/etc").links);
}

TEST_P(layer, makes_links_and_nodes) {
  ASSERT_TRUE(symlink("etc/hosts", {}, "/l").ok());
  EXPECT_EQ("127.0.0.1 localhost\n", content("/l"));
  EXPECT_EQ("etc/hosts", read_link({}, "/l").value().view());
  EXPECT_EQ(9u, status_of("/l", at_flag::symlink_no_follow).size);
  ASSERT_TRUE(symlink("made-through-a-link", {}, "/dangling").ok());
  EXPECT_EQ(errc::exists, error_of(open({}, "/dangling", create | exclusive | write_only, 0644)));
  EXPECT_EQ(errc::ok, put_file("/dangling", "t"));
  EXPECT_EQ("t", content("/made-through-a-link"));
  ASSERT_TRUE(make_node({}, "/sock", io::mode::socket | 0777, 0).ok());
  EXPECT_EQ(errc::no_such_device_or_address, error_of(open({}, "/sock", read_only, 0)));
  ASSERT_TRUE(make_node({}, "/etc/dev", io::mode::character | 0600, 0x103).ok());
  EXPECT_EQ(0x103u, status_of("/etc/dev").special_device);
}

TEST_P(layer, changes_attributes) {
  ASSERT_TRUE(change_mode({}, "/etc/hosts", 0640, 0).ok());
  ASSERT_TRUE(change_owner({}, "/etc/hosts", 5, ~0u, 0).ok());
  ASSERT_TRUE(set_times({}, "/etc/hosts", io::time_stamp{100, 5}, std::nullopt, 0).ok());
  drop_unused_entries();
  const auto s = status_of("/etc/hosts");
  EXPECT_EQ(io::mode::regular | 0640, s.mode);
  EXPECT_EQ(5u, s.user);
  EXPECT_EQ(0u, s.group);
  EXPECT_EQ(100, s.accessed.seconds);
  EXPECT_EQ(5u, s.accessed.nanoseconds);
  EXPECT_EQ("127.0.0.1 localhost\n", content("/etc/hosts"));
  EXPECT_EQ(errc::access, access({}, "/etc/hosts", 1, 0).error());
  EXPECT_EQ(errc::ok, access({}, "/etc/hosts", 6, 0).error());
  ASSERT_TRUE(change_mode({}, "/etc", 0700, 0).ok());
  drop_unused_entries();
  EXPECT_EQ(io::mode::directory | 0700, status_of("/etc").mode);
}

TEST_P(layer, lists_while_names_change) {
  ASSERT_TRUE(make_directory({}, "/many", 0755).ok());
  for (int i = 0; i < 300; ++i) ASSERT_EQ(errc::ok, put_file("/many/" + std::to_string(i), ""));
  auto directory = open({}, "/many", io::open_flag::directory, 0);
  int seen = 0;
  for (;;) {
    std::vector<std::string> some;
    ASSERT_TRUE(directory.value()->list([&](std::string_view name, u64, u8, u64) {
      if (some.size() == 10) return false;
      some.emplace_back(name);
      return true;
    }).ok());
    if (some.empty()) break;
    for (auto& name : some)
      if (name[0] != '.') {
        ++seen;
        ASSERT_TRUE(unlink({}, "/many/" + name).ok());
      }
  }
  EXPECT_EQ(300, seen);
  EXPECT_TRUE(remove_directory({}, "/many").ok());
}

TEST_P(layer, sees_through_shared_mappings) {
  auto file = open({}, "/data", read_write, 0);
  auto mapping = file.value()->map(true, true);
  ASSERT_TRUE(mapping.ok());
  EXPECT_EQ("/data", mapping.value()->name());
  auto page = mapping.value()->page(1, false);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(0, std::memcmp(page.value()->data(), pattern(100'000).data() + 4096, 4096));
  std::memcpy(page.value()->as<char>() + 10, "mapped", 6);
  EXPECT_EQ("mapped", content("/data").substr(4106, 6));
  EXPECT_EQ(7u, write_text_at(*file.value(), "written", 4196).value());
  EXPECT_EQ(0, std::memcmp(page.value()->as<char>() + 100, "written", 7));
  memory::release(*page.value());
  EXPECT_EQ(errc::range, error_of(mapping.value()->page(25, false)));
  auto writing = mapping.value()->page(24, true);
  ASSERT_TRUE(writing.ok());
  memory::release(*writing.value());
}

TEST_P(layer, private_mappings_share_the_pages) {
  auto file = open({}, "/data", read_only, 0);
  EXPECT_EQ(errc::access, error_of(file.value()->map(true, true)));
  auto mapping = file.value()->map(false, true);
  auto a = mapping.value()->page(3, false);
  auto b = mapping.value()->page(3, false);
  EXPECT_EQ(a.value(), b.value());
  memory::release(*a.value());
  memory::release(*b.value());
}

TEST_P(layer, finds_data_and_holes) {
  auto file = open({}, "/sparse", read_write | create, 0644);
  ASSERT_TRUE(write_text_at(*file.value(), "x", 1'000'000).ok());
  constexpr int data = 3, hole = 4;
  EXPECT_EQ(999'424u, file.value()->seek(0, data).value());
  EXPECT_EQ(0u, file.value()->seek(0, hole).value());
  EXPECT_EQ(1'000'001u, file.value()->seek(1'000'000, hole).value());
  EXPECT_EQ(errc::no_such_device_or_address, error_of(file.value()->seek(1'000'001, data)));
  EXPECT_EQ(std::string(1'000'000, 0) + "x", content("/sparse"));
  EXPECT_EQ(8u, status_of("/sparse").blocks_512);
  EXPECT_EQ(1'000'001u, file.value()->seek(0, 2).value());
  EXPECT_EQ(errc::invalid, error_of(file.value()->seek(-1, 0)));
}

TEST_P(layer, allocates_and_punches) {
  auto file = open({}, "/data", read_write, 0);
  ASSERT_TRUE(file.value()->allocate(0, 100'000, 20'000).ok());
  EXPECT_EQ(120'000u, status_of("/data").size);
  ASSERT_TRUE(file.value()->allocate(3, 5000, 10'000).ok());
  auto expected = pattern(100'000) + std::string(20'000, 0);
  std::fill_n(expected.begin() + 5000, 10'000, 0);
  EXPECT_EQ(expected, content("/data"));
  ASSERT_TRUE(file.value()->allocate(1, 200'000, 10).ok());
  EXPECT_EQ(120'000u, status_of("/data").size);
  EXPECT_EQ(errc::not_supported, file.value()->allocate(8, 0, 4096).error());
}

TEST_P(layer, opens_files_without_a_name) {
  auto file = open({}, "/d", temporary_file | read_write, 0600);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(write_text(*file.value(), "nameless").ok());
  EXPECT_EQ(1u, names("/d").size());
  ASSERT_TRUE(link(lookup_base::of(*file.value()).value(), "", {}, "/d/named", at_flag::empty_path).ok());
  EXPECT_EQ("nameless", content("/d/named"));
  EXPECT_EQ(1u, status_of("/d/named").links);
}

TEST_P(layer, bad_program_addresses_give_efault) {
  std::vector<char> room(10'000, 'b');
  hosted::bad_address_range bad(room.data() + 5000, 100);
  auto file = open({}, "/data", read_write, 0);
  io::cursor from(room.data(), room.size());
  u64 wrote = file.value()->write_at(from, 0).value_or(0);
  EXPECT_LE(wrote, 5000u);
  EXPECT_EQ(pattern(100'000).substr(5000), content("/data").substr(5000));
  io::cursor nowhere(room.data() + 5010, 10);
  EXPECT_EQ(errc::fault, error_of(file.value()->read_at(nowhere, 0)));
}

TEST_P(layer, out_of_memory_is_an_error) {
  auto file = open({}, "/data", read_write, 0);
  hosted::limit_frame_allocations(3);
  auto wrote = write_text_at(*file.value(), std::string(100'000, 'x'), 0);
  hosted::limit_frame_allocations(~0ull);
  if (over_image()) {
    EXPECT_TRUE(!wrote.ok() || wrote.value() < 100'000u);
  }
  EXPECT_EQ(100'000u, content("/data").size());
}

TEST_P(layer, o_path_only_names) {
  auto file = open({}, "/etc/hosts", io::open_flag::path, 0);
  ASSERT_TRUE(file.ok());
  char byte;
  io::cursor into(&byte, 1);
  EXPECT_EQ(errc::bad_file, error_of(file.value()->read(into)));
  EXPECT_EQ(errc::bad_file, change_mode(*file.value(), 0777).error());
  io::file_status s;
  EXPECT_TRUE(stat(lookup_base::of(*file.value()).value(), "", at_flag::empty_path, s).ok());
  EXPECT_EQ(20u, s.size);
}

TEST_P(layer, long_names_and_paths_are_refused) {
  EXPECT_EQ(errc::name_too_long, look("/" + std::string(256, 'n')));
  EXPECT_EQ(errc::ok, put_file("/" + std::string(255, 'n'), ""));
  EXPECT_EQ(errc::name_too_long, look("/" + std::string(5000, '/') + "etc"));
  EXPECT_EQ(errc::no_entry, look(""));
  std::string deep;
  working_directory here;
  for (int i = 0; i < 2500; ++i) {
    ASSERT_TRUE(make_directory(here.base(), "deeper", 0755).ok());
    ASSERT_TRUE(here.change(here.base(), "deeper").ok());
  }
  EXPECT_EQ(errc::name_too_long, error_of(here.path()));
}

INSTANTIATE_TEST_SUITE_P(kinds, layer, testing::Values(true, false),
                         [](const auto& info) { return info.param ? "overlay" : "tmpfs"; });

TEST(tmpfs, has_a_limit) {
  ASSERT_TRUE(mount_empty_root().ok());
  ASSERT_TRUE(mount_tmpfs("/deep/scratch", 64 * 1024).ok());
  EXPECT_EQ(errc::io, put_file("/deep/scratch/big", std::string(100'000, 'x')));  // short write
  EXPECT_EQ(64u * 1024, status_of("/deep/scratch/big").size);
  auto file = open({}, "/deep/scratch/big", write_only | append, 0);
  EXPECT_EQ(errc::no_space, error_of(write_text(*file.value(), "x")));
  file_system_status s;
  ASSERT_TRUE(statfs({}, "/deep/scratch", s).ok());
  EXPECT_EQ(16u, s.blocks);
  EXPECT_EQ(0u, s.blocks_free);
  ASSERT_TRUE(truncate({}, "/deep/scratch/big", 0).ok());
  EXPECT_EQ(1u, write_text(*file.value(), "x").value());
  EXPECT_EQ(errc::cross_device, rename({}, "/deep/scratch/big", {}, "/big", 0).error());
  EXPECT_EQ(errc::busy, remove_directory({}, "/deep/scratch").error());
  EXPECT_EQ("/deep/scratch/big", path_of(*file.value()).value().view());
  ASSERT_TRUE(unmount({}, "/deep/scratch").ok());
  EXPECT_EQ(errc::no_entry, look("/deep/scratch/big"));
  unmount_everything();
}

TEST(memory_file, is_a_file_without_a_place) {
  auto file = create_memory_file("name");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ("/memfd:name (deleted)", file.value()->name());
  EXPECT_EQ(3u, write_text(*file.value(), "abc").value());
  EXPECT_EQ(0u, file.value()->seek(0, 0).value());
  EXPECT_EQ("abc", read_all(*file.value()));
  EXPECT_TRUE(file.value()->truncate(4096).ok());
}

}  // namespace

}  // namespace osv::vfs::test
