// Watches: what they keep alive and when they end. What they tell is compared with Linux (test/linux-conformance/programs/inotify).
#include "vfs/watches.hh"

#include <thread>

#include "hosted/test_controls.hh"
#include "vfs/entry.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

using namespace io::open_flag;
namespace happened = watch_event;

/// Writes down what it is told.
class recorder final : public watch_group {
 public:
  struct told {
    i32 number;
    u32 events;
    std::string name;
  };
  ~recorder() { end_all(); }
  i32 watch(const std::string& path, u32 events = happened::all, bool one_shot = false) {
    auto number = add({}, path, {.events = events, .one_shot = one_shot});
    EXPECT_TRUE(number.ok()) << path;
    return number.ok() ? number.value() : -1;
  }
  std::vector<u32> take(i32 number) {
    std::vector<u32> events;
    for (const told& t : all)
      if (t.number == number) events.push_back(t.events);
    std::erase_if(all, [&](const told& t) { return t.number == number; });
    return events;
  }
  std::vector<told> all;

 private:
  void deliver(i32 number, u32 events, u32, string_view name) override { all.push_back({number, events, std::string(name)}); }
};

using events = std::vector<u32>;

class watches : public testing::Test {
 protected:
  void SetUp() override {
    frames_before = hosted::allocated_frame_blocks();
    ASSERT_TRUE(mount_empty_root().ok());
    ASSERT_TRUE(make_directory({}, "/d", 0755).ok());
  }
  void TearDown() override {
    unmount_everything();
    EXPECT_EQ(0u, watch_count.load());
    EXPECT_EQ(0u, cached_entries());
    EXPECT_LE(hosted::allocated_frame_blocks(), frames_before + 1);
  }
  u64 frames_before = 0;
};

TEST_F(watches, let_go_of_what_is_unlinked) {
  recorder r;
  ASSERT_EQ(errc::ok, put_file("/d/file", pattern(100'000)));
  const u64 with_file = hosted::allocated_frame_blocks();
  const i32 file = r.watch("/d/file");
  ASSERT_TRUE(unlink({}, "/d/file").ok());
  EXPECT_EQ((events{happened::attributes, happened::remove_self, happened::ignored}), r.take(file));
  EXPECT_LE(hosted::allocated_frame_blocks() + 20, with_file);
  EXPECT_EQ(0u, watch_count.load());
  EXPECT_EQ(errc::invalid, r.remove(file).error());
}

TEST_F(watches, follow_an_open_file_to_its_last_close) {
  recorder r;
  ASSERT_EQ(errc::ok, put_file("/d/file", "text"));
  const i32 file = r.watch("/d/file", happened::remove_self | happened::close_write);
  {
    auto opened = open({}, "/d/file", read_write, 0);
    ASSERT_TRUE(opened.ok());
    ASSERT_TRUE(unlink({}, "/d/file").ok());
    EXPECT_EQ(events{}, r.take(file));
  }
  EXPECT_EQ((events{happened::close_write, happened::remove_self, happened::ignored}), r.take(file));
}

TEST_F(watches, outlive_the_cache_and_every_name_but_one) {
  recorder r;
  ASSERT_EQ(errc::ok, put_file("/d/file", "text"));
  ASSERT_TRUE(link({}, "/d/file", {}, "/d/other", 0).ok());
  const i32 file = r.watch("/d/file", happened::modify | happened::remove_self);
  drop_unused_entries();
  ASSERT_TRUE(unlink({}, "/d/file").ok());
  ASSERT_EQ(errc::ok, put_file("/d/other", "more", 0));
  EXPECT_EQ(events{happened::modify}, r.take(file));
  ASSERT_TRUE(unlink({}, "/d/other").ok());
  EXPECT_EQ((events{happened::remove_self, happened::ignored}), r.take(file));
}

TEST_F(watches, end_with_a_directory_that_was_looked_into) {
  recorder r;
  ASSERT_TRUE(make_directory({}, "/d/sub", 0755).ok());
  EXPECT_EQ(errc::no_entry, look("/d/sub/missing"));
  const i32 sub = r.watch("/d/sub");
  ASSERT_TRUE(remove_directory({}, "/d/sub").ok());
  EXPECT_EQ((events{happened::remove_self, happened::ignored}), r.take(sub));
}

TEST_F(watches, of_a_directory_know_who_came_and_who_left) {
  recorder r;
  ASSERT_TRUE(make_directory({}, "/e", 0755).ok());
  ASSERT_EQ(errc::ok, put_file("/d/file", "text"));
  auto file = open({}, "/d/file", read_write, 0);
  ASSERT_TRUE(file.ok());
  const i32 d = r.watch("/d", happened::modify);
  ASSERT_TRUE(write_text(*file.value(), "a").ok());
  EXPECT_EQ(events{happened::modify}, r.take(d));
  ASSERT_TRUE(rename({}, "/d/file", {}, "/e/file", 0).ok());
  ASSERT_TRUE(write_text(*file.value(), "b").ok());
  EXPECT_EQ(events{}, r.take(d));
  const i32 e = r.watch("/e", happened::modify);
  ASSERT_TRUE(write_text(*file.value(), "c").ok());
  EXPECT_EQ("file", r.all.at(0).name);
  EXPECT_EQ(events{happened::modify}, r.take(e));
  ASSERT_TRUE(r.remove(e).ok());
  ASSERT_TRUE(write_text(*file.value(), "d").ok());
  EXPECT_EQ(events{happened::ignored}, r.take(e));
}

TEST_F(watches, end_with_the_mount) {
  recorder r;
  ASSERT_TRUE(mount_tmpfs("/mnt", 0).ok());
  ASSERT_EQ(errc::ok, put_file("/mnt/file", "text"));
  const i32 file = r.watch("/mnt/file"), d = r.watch("/d");
  ASSERT_TRUE(unmount({}, "/mnt").ok());
  EXPECT_EQ((events{happened::unmount, happened::ignored}), r.take(file));
  EXPECT_EQ(events{}, r.take(d));
  EXPECT_EQ(1u, watch_count.load());
}

TEST_F(watches, have_numbers_of_their_own_and_a_limit) {
  recorder r, other;
  EXPECT_EQ(1, r.watch("/d", happened::create, true));
  EXPECT_EQ(1, r.watch("/d"));
  EXPECT_EQ(1, other.watch("/d", happened::create, true));
  EXPECT_EQ(errc::exists, r.add({}, "/d", {.events = 1, .create_only = true}).error());
  EXPECT_EQ(errc::not_directory, (put_file("/d/file", ""), r.add({}, "/d/file", {.events = 1, .directory_only = true}).error()));
  EXPECT_EQ((events{happened::create, happened::ignored}), other.take(1));
  EXPECT_EQ(2, other.watch("/d"));
  const u32 real = watch_count.exchange(watches_max);
  EXPECT_EQ(errc::no_space, r.add({}, "/d/file", {.events = 1}).error());
  watch_count = real;
}

TEST_F(watches, come_and_go_while_files_do) {
  std::vector<std::thread> threads;
  std::atomic<int> running{2};
  for (int thread = 0; thread < 2; ++thread)
    threads.emplace_back([&, path = "/d/file" + std::to_string(thread)] {
      for (int round = 0; round < 500; ++round) {
        EXPECT_EQ(errc::ok, put_file(path, "text"));
        EXPECT_TRUE(rename({}, path, {}, path + "-moved", 0).ok());
        EXPECT_TRUE(unlink({}, path + "-moved").ok());
      }
      --running;
    });
  for (int round = 0; running; ++round) {
    recorder r;
    r.watch("/d");
    for (const char* name : {"/d/file0", "/d/file1", "/d/file0-moved"}) (void)r.add({}, name, {.events = happened::all, .one_shot = round % 2 == 0});
  }
  for (auto& t : threads) t.join();
}

}  // namespace

}  // namespace osv::vfs::test
