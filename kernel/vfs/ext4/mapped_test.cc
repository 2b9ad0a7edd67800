// Files of an ext4 volume that are cut while a program has them mapped: what a page fault is given, and what reaches the disk.
#include "vfs/entry.hh"
#include "vfs/ext4/test_disk.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

namespace flag = io::open_flag;

constexpr int keep_size = 1, punch_hole = 2;
constexpr usize pages = 10;

/// What the address space was told to forget, and what happens at that moment.
struct forgotten {
  u64 first, end;
  bool copies;
};
std::vector<forgotten> told;
std::function<void()> when_told;

class mapped_file : public testing::Test {
 protected:
  void SetUp() override {
    told.clear();
    when_told = {};
    inode::set_unmapper([](memory::backing&, u64 first, u64 end, bool copies) {
      told.push_back({first, end, copies});
      if (when_told) when_told();
    });
    ASSERT_TRUE(mount_empty_root().ok());
    mount_disk();
    ASSERT_EQ(errc::ok, put_file("/data/file", pattern(pages * page_size, 1)));
    cycle();
    map();
  }
  void map() {
    file = *open({}, "/data/file", flag::read_write, 0);
    mapping = *file->map(true, true);
  }
  void mount_disk() { ASSERT_TRUE(mount_device(disk, "/data", "ext4", {.format_if_blank = true}).ok()); }
  /// The volume is not in memory afterwards.
  void cycle() {
    mapping = {};
    file = {};
    ASSERT_TRUE(unmount({}, "/data").ok());
    EXPECT_EQ("", check(disk.bytes()));
    mount_disk();
  }
  void TearDown() override {
    mapping = {};
    file = {};
    unmount_everything();
    inode::set_unmapper(nullptr);
    EXPECT_EQ("", check(disk.bytes()));
  }
  std::string bytes(u64 index) {
    auto page = mapping->page(index, false);
    if (!page.ok()) return "error " + std::to_string(static_cast<int>(page.error()));
    std::string text((*page)->as<char>(), page_size);
    memory::release(**page);
    return text;
  }
  /// Page 5, which was `old`, is another one now, and what is stored in it reaches the disk. Gives `old` back.
  void store_anew(memory::frame* old) {
    memory::frame* now = *mapping->page(5, true);
    EXPECT_NE(old, now);
    __builtin_memset(now->data(), 'n', page_size);
    memory::release(*now);
    memory::release(*old);
    cycle();
  }
  writable_disk disk{32 << 20};
  ref<io::file> file;
  ref<memory::backing> mapping;
  const std::string zeroes = std::string(page_size, 0);
};

TEST_F(mapped_file, is_unmapped_where_it_is_cut) {
  memory::frame* old = *mapping->page(5, true);
  // A fault that comes before the tables are cleared gets none of the old pages.
  when_told = [&] { EXPECT_EQ(errc::range, mapping->page(5, false).error()); };
  ASSERT_TRUE(file->truncate(2 * page_size + 1).ok());
  ASSERT_EQ(1u, told.size());
  EXPECT_EQ(3u, told[0].first);
  EXPECT_GE(told[0].end, pages);
  EXPECT_TRUE(told[0].copies);
  ASSERT_TRUE(file->truncate(pages * page_size).ok());
  EXPECT_EQ(zeroes, bytes(5));
  store_anew(old);
  EXPECT_EQ(std::string(page_size, 'n'), content("/data/file").substr(5 * page_size, page_size));
}

TEST_F(mapped_file, is_unmapped_where_it_has_a_hole) {
  memory::frame* old = *mapping->page(5, true);
  when_told = [&] { EXPECT_EQ(zeroes, bytes(5)); };
  ASSERT_TRUE(file->allocate(punch_hole | keep_size, 4 * page_size, 3 * page_size).ok());
  ASSERT_EQ(1u, told.size());
  EXPECT_EQ(4u, told[0].first);
  EXPECT_EQ(7u, told[0].end);
  EXPECT_FALSE(told[0].copies);
  // The hole's page waits for nothing; what is stored from now on does.
  store_anew(old);
  const std::string all = content("/data/file");
  EXPECT_EQ(zeroes + std::string(page_size, 'n') + zeroes, all.substr(4 * page_size, 3 * page_size));
}

TEST_F(mapped_file, costs_nothing_where_it_never_was_mapped) {
  ASSERT_EQ(errc::ok, put_file("/data/other", pattern(pages * page_size)));
  ASSERT_EQ(errc::ok, put_file("/data/other", ""));
  EXPECT_TRUE(told.empty());
}

TEST_F(mapped_file, gives_no_page_that_was_cut_while_it_was_read) {
  // Between the look at where the page's blocks are and the reading of them.
  disk.on_read = [&] { ASSERT_TRUE(file->truncate(0).ok()); };
  EXPECT_EQ(errc::range, mapping->page(5, true).error());
  disk.on_read = {};
}

TEST_F(mapped_file, writes_no_page_that_was_cut_while_it_was_read) {
  disk.on_read = [&] {
    ASSERT_TRUE(file->truncate(0).ok());
    ASSERT_TRUE(file->truncate(pages * page_size).ok());
  };
  memory::frame* page = *mapping->page(5, true);
  EXPECT_EQ(zeroes, std::string(page->as<char>(), page_size));
  memory::release(*page);
  cycle();
  EXPECT_EQ(std::string(pages * page_size, 0), content("/data/file"));
}

TEST_F(mapped_file, keeps_a_store_to_a_page_that_was_cut_and_written_while_it_was_read) {
  disk.on_read = [&] {
    ASSERT_TRUE(file->truncate(0).ok());
    ASSERT_EQ(pages * page_size, write_text_at(*file, pattern(pages * page_size, 2), 0).value());
  };
  memory::frame* page = *mapping->page(5, true);
  page->as<char>()[0] = '!';
  memory::release(*page);
  std::string expected = pattern(pages * page_size, 2);
  expected[5 * page_size] = '!';
  EXPECT_EQ(expected, content("/data/file"));
  cycle();
  EXPECT_EQ(expected, content("/data/file"));
}

TEST_F(mapped_file, shows_no_byte_of_a_file_that_got_its_blocks) {
  // Blocks are scarce: what the cut file loses goes to the next one.
  ASSERT_EQ(errc::ok, put_file("/data/secret", ""));
  auto rest = open({}, "/data/rest", flag::create | flag::read_write, 0644);
  for (const std::string piece = pattern(1 << 16);;) {
    auto n = write_text(**rest, piece);
    if (!n.ok() || n.value() < piece.size()) break;
  }
  ASSERT_TRUE((*rest)->sync(false).ok());
  disk.on_read = [&] {
    ASSERT_TRUE(file->truncate(0).ok());
    ASSERT_TRUE(sync_all().ok());
    ASSERT_EQ(errc::ok, put_file("/data/secret", std::string(pages * page_size, 's'), 0));
    ASSERT_TRUE(sync_all().ok());
  };
  std::string into(page_size, 0);
  io::cursor to(into.data(), into.size());
  auto got = file->read_at(to, 0);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(std::string::npos, into.find("ssss"));
  rest = fail(errc::io);
}

}  // namespace

}  // namespace osv::vfs::test
