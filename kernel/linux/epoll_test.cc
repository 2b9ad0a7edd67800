// epoll: level and edge triggers, one-shot, nesting, exclusivity, and what happens when files go.
#include "linux/epoll.hh"

#include "linux/event_file.hh"
#include "linux/test_support.hh"

namespace osv::linux_abi::test {

namespace {

using namespace io::poll_event;

ref<epoll_file> make_epoll() { return make_ref<epoll_file>().release(); }

/// The data of what is ready now.
std::vector<u64> ready_in(epoll_file& epoll, usize capacity = 16) {
  std::vector<epoll_event> events(capacity);
  const usize n = epoll.wait(events.data(), capacity, 0).value();
  std::vector<u64> data;
  for (usize i = 0; i < n; ++i) data.push_back(events[i].data);
  return data;
}

/// Registers as if descriptor `fd` referred to the file.
result<> add(epoll_file& epoll, io::file& file, int fd, u32 events, u64 data) {
  if (file.descriptors == 0) descriptor_opened(file);
  return epoll.add(ref<io::file>(&file), fd, {events, data});
}

TEST(epoll, reports_level_triggered_files_as_long_as_they_are_ready) {
  auto epoll = make_epoll();
  auto file = make_file();
  ASSERT_TRUE(add(*epoll, *file, 3, in, 7).ok());
  EXPECT_TRUE(ready_in(*epoll).empty());
  file->become(in);
  EXPECT_EQ(std::vector<u64>{7}, ready_in(*epoll));
  EXPECT_EQ(std::vector<u64>{7}, ready_in(*epoll));
  file->ready = 0;
  EXPECT_TRUE(ready_in(*epoll).empty());
  file->become(out);
  EXPECT_TRUE(ready_in(*epoll).empty());
}

TEST(epoll, reports_edges_once) {
  auto epoll = make_epoll();
  auto file = make_file();
  file->ready = in;
  ASSERT_TRUE(add(*epoll, *file, 3, in | epoll_flag::edge_triggered, 7).ok());
  EXPECT_EQ(1u, ready_in(*epoll).size());
  EXPECT_TRUE(ready_in(*epoll).empty());
  file->become(in);
  EXPECT_EQ(1u, ready_in(*epoll).size());
  EXPECT_TRUE(ready_in(*epoll).empty());
}

TEST(epoll, disables_one_shot_files_until_they_are_modified) {
  auto epoll = make_epoll();
  auto file = make_file();
  ASSERT_TRUE(add(*epoll, *file, 3, in | epoll_flag::one_shot, 7).ok());
  file->become(in);
  EXPECT_EQ(1u, ready_in(*epoll).size());
  file->become(in | hang_up);
  EXPECT_TRUE(ready_in(*epoll).empty());
  EXPECT_TRUE(epoll->modify(*file, 3, {in | epoll_flag::one_shot, 8}).ok());
  EXPECT_EQ(std::vector<u64>{8}, ready_in(*epoll));
}

TEST(epoll, always_reports_errors_and_hang_ups) {
  auto epoll = make_epoll();
  auto file = make_file();
  ASSERT_TRUE(add(*epoll, *file, 3, in, 7).ok());
  file->become(hang_up);
  epoll_event event;
  ASSERT_EQ(1u, epoll->wait(&event, 1, 0).value());
  EXPECT_EQ(hang_up, event.events);
}

TEST(epoll, takes_turns_when_there_is_little_room) {
  auto epoll = make_epoll();
  std::vector<ref<fake_file>> files;
  for (u64 i = 0; i < 4; ++i) {
    files.push_back(make_file());
    files.back()->ready = in;
    ASSERT_TRUE(add(*epoll, *files.back(), static_cast<int>(i), in, i).ok());
  }
  EXPECT_EQ((std::vector<u64>{0, 1}), ready_in(*epoll, 2));
  EXPECT_EQ((std::vector<u64>{2, 3}), ready_in(*epoll, 2));
  EXPECT_EQ((std::vector<u64>{0, 1}), ready_in(*epoll, 2));
}

TEST(epoll, knows_what_is_registered) {
  auto epoll = make_epoll();
  auto file = make_file();
  ASSERT_TRUE(add(*epoll, *file, 3, in, 7).ok());
  EXPECT_EQ(errc::exists, error_of(add(*epoll, *file, 3, in, 7)));
  EXPECT_TRUE(add(*epoll, *file, 4, in, 9).ok());
  EXPECT_EQ(errc::no_entry, error_of(epoll->modify(*file, 5, {in, 0})));
  EXPECT_TRUE(epoll->remove(*file, 3).ok());
  EXPECT_EQ(errc::no_entry, error_of(epoll->remove(*file, 3)));
  file->become(in);
  EXPECT_EQ(std::vector<u64>{9}, ready_in(*epoll));
}

TEST(epoll, forgets_a_file_whose_last_descriptor_is_closed) {
  auto epoll = make_epoll();
  descriptor_table table;
  auto file = make_file();
  const int fd = table.install(file, false).value();
  const int copy = table.install(file, false).value();
  ASSERT_TRUE(epoll->add(file, fd, {in, 7}).ok());
  file->become(in);
  ASSERT_TRUE(table.close(fd).ok());
  EXPECT_EQ(1u, ready_in(*epoll).size()) << "the copy keeps it";
  ASSERT_TRUE(table.close(copy).ok());
  EXPECT_TRUE(ready_in(*epoll).empty());
  EXPECT_EQ(nullptr, file->epoll_registrations);
  EXPECT_EQ(1u, file->reference_count());
}

TEST(epoll, lets_its_files_go_when_it_goes_itself) {
  auto file = make_file();
  {
    auto epoll = make_epoll();
    ASSERT_TRUE(add(*epoll, *file, 3, in, 7).ok());
  }
  EXPECT_EQ(nullptr, file->epoll_registrations);
  EXPECT_FALSE(file->queue.has_waiters());
  file->become(in);
}

TEST(epoll, nests_but_not_in_circles) {
  auto inner = make_epoll(), outer = make_epoll();
  auto file = make_file();
  ASSERT_TRUE(add(*inner, *file, 3, in, 7).ok());
  ASSERT_TRUE(add(*outer, *inner, 4, in, 8).ok());
  EXPECT_TRUE(ready_in(*outer).empty());
  file->become(in);
  EXPECT_EQ(std::vector<u64>{8}, ready_in(*outer));
  EXPECT_EQ(in, outer->poll());
  file->ready = 0;
  EXPECT_TRUE(ready_in(*outer).empty()) << "the inner one has nothing to tell any more";
  EXPECT_EQ(errc::symlink_loop, error_of(add(*inner, *outer, 5, in, 9)));
  EXPECT_EQ(errc::invalid, error_of(add(*inner, *inner, 5, in, 9)));
}

TEST(epoll, answers_with_nothing_at_its_deadline) {
  auto epoll = make_epoll();
  epoll_event event;
  EXPECT_EQ(0u, epoll->wait(&event, 1, sched::now() + millisecond).value());
}

TEST(epoll, wakes_a_waiting_thread) {
  auto epoll = make_epoll();
  auto event = make_ref<event_file>(0u, false, 0u).release();
  ASSERT_TRUE(add(*epoll, *event, 3, in, 7).ok());
  std::thread writer([&] {
    const u64 one = 1;
    io::cursor from(&one, sizeof one);
    while (!epoll->poll_queue()->has_waiters()) std::this_thread::yield();
    EXPECT_TRUE(event->write(from).ok());
  });
  epoll_event found;
  EXPECT_EQ(1u, epoll->wait(&found, 1, never).value());
  writer.join();
}

TEST(epoll, wakes_one_instance_for_an_exclusive_registration) {
  auto first = make_epoll(), second = make_epoll();
  auto file = make_file();
  ASSERT_TRUE(add(*first, *file, 3, in | epoll_flag::exclusive, 1).ok());
  ASSERT_TRUE(add(*second, *file, 3, in | epoll_flag::exclusive, 2).ok());
  EXPECT_EQ(errc::invalid, error_of(first->modify(*file, 3, {in, 1})));
  std::atomic<int> woken{0};
  std::vector<std::thread> waiters;
  for (auto* epoll : {first.get(), second.get()})
    waiters.emplace_back([&, epoll] {
      epoll_event event;
      while (epoll->wait(&event, 1, never).value() == 0) {
      }
      ++woken;
    });
  for (auto* epoll : {first.get(), second.get()})
    while (!epoll->poll_queue()->has_waiters()) std::this_thread::yield();
  file->ready = in;
  file->queue.wake(in, 1);
  while (woken == 0) std::this_thread::yield();
  file->queue.wake(in, 1);
  for (auto& waiter : waiters) waiter.join();
  EXPECT_EQ(2, woken);
}

}  // namespace
}  // namespace osv::linux_abi::test
