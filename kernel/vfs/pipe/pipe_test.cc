// Pipes and FIFOs: order, atomicity, capacity, ends, blocking and waking.
#include <thread>

#include "hosted/test_controls.hh"
#include "vfs/pipe/pipe.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

using namespace io::poll_event;
constexpr u32 non_blocking = io::open_flag::non_blocking;

TEST(pipe, passes_bytes_in_order) {
  auto p = create_pipe(0).release();
  EXPECT_EQ(5u, write_text(*p.write_end, "hello").value());
  EXPECT_EQ(6u, write_text(*p.write_end, " world").value());
  EXPECT_EQ("hel", read_some(*p.read_end, 3));
  EXPECT_EQ("lo world", read_some(*p.read_end, 100));
  EXPECT_EQ(errc::bad_file, error_of(write_text(*p.read_end, "x")));
  EXPECT_EQ("error 9", read_some(*p.write_end, 1));
}

TEST(pipe, holds_64_kib_and_says_when_it_is_full) {
  auto p = create_pipe(non_blocking).release();
  EXPECT_EQ("error 11", read_some(*p.read_end, 1));
  EXPECT_EQ(out, p.write_end->poll());
  EXPECT_EQ(0u, p.read_end->poll());
  EXPECT_EQ(65536u, write_text(*p.write_end, pattern(100'000)).value());
  EXPECT_EQ(errc::again, error_of(write_text(*p.write_end, "x")));
  EXPECT_EQ(0u, p.write_end->poll());
  EXPECT_EQ(in, p.read_end->poll());
  EXPECT_EQ(pattern(100'000).substr(0, 5000), read_some(*p.read_end, 5000));
  EXPECT_EQ(out, p.write_end->poll());
  EXPECT_EQ(4096u, write_text(*p.write_end, std::string(4096, 'y')).value());
  EXPECT_EQ(errc::again, error_of(write_text(*p.write_end, "x")));
  EXPECT_EQ(pattern(100'000).substr(5000, 60'536) + std::string(4096, 'y'), read_some(*p.read_end, 100'000));
  EXPECT_EQ(65536u, write_text(*p.write_end, pattern(100'000)).value());
}

TEST(pipe, takes_its_whole_capacity_again_when_it_ran_empty) {
  auto p = create_pipe(non_blocking).release();
  for (u32 capacity : {65536u, 4096u, 8192u}) {
    EXPECT_EQ(capacity, set_pipe_capacity(*p.read_end, capacity).value());
    for (usize size : {1ul, 100ul, 4000ul, 3000ul, 4096ul, 1ul}) {
      const std::string text = pattern(size, static_cast<u32>(size));
      EXPECT_EQ(size, write_text(*p.write_end, text).value());
      EXPECT_EQ(text, read_some(*p.read_end, 100'000));
    }
    EXPECT_EQ(out, p.write_end->poll());
    EXPECT_EQ(capacity, write_text(*p.write_end, pattern(100'000)).value());
    EXPECT_EQ(pattern(100'000).substr(0, capacity), read_some(*p.read_end, 100'000));
  }
}

TEST(pipe, writes_of_pipe_buf_are_whole) {
  auto p = create_pipe(non_blocking).release();
  EXPECT_EQ(63'000u, write_text(*p.write_end, std::string(63'000, 'a')).value());
  EXPECT_EQ(errc::again, error_of(write_text(*p.write_end, std::string(3000, 'b'))));
  EXPECT_EQ(2536u, write_text(*p.write_end, std::string(5000, 'c')).value());
}

TEST(pipe, ends_tell_each_other) {
  auto p = create_pipe(0).release();
  EXPECT_EQ(1u, write_text(*p.write_end, "x").value());
  p.write_end = nullptr;
  EXPECT_EQ(in | hang_up, p.read_end->poll());
  EXPECT_EQ("x", read_some(*p.read_end, 10));
  EXPECT_EQ("", read_some(*p.read_end, 10));
  auto q = create_pipe(0).release();
  q.read_end->closed();
  EXPECT_EQ(out | error, q.write_end->poll());
  EXPECT_EQ(errc::broken_pipe, error_of(write_text(*q.write_end, "x")));
}

TEST(pipe, changes_capacity) {
  auto p = create_pipe(non_blocking).release();
  EXPECT_EQ(65536u, pipe_capacity(*p.read_end).value());
  EXPECT_EQ(65536u, write_text(*p.write_end, pattern(65536)).value());
  EXPECT_EQ(errc::busy, error_of(set_pipe_capacity(*p.read_end, 4096)));
  EXPECT_EQ(262'144u, set_pipe_capacity(*p.read_end, 200'000).value());
  EXPECT_EQ(262'144u - 65536, write_text(*p.write_end, std::string(300'000, 'z')).value());
  EXPECT_EQ(pattern(65536) + std::string(262'144 - 65536, 'z'), read_some(*p.read_end, 300'000));
  EXPECT_EQ(4096u, set_pipe_capacity(*p.read_end, 1).value());
  EXPECT_EQ(4096u, write_text(*p.write_end, std::string(5000, 'z')).value());
  EXPECT_EQ(errc::not_permitted, error_of(set_pipe_capacity(*p.read_end, 2 << 20)));
  EXPECT_EQ("pipe:[", std::string(p.read_end->name()).substr(0, 6));
  io::file_status s;
  ASSERT_TRUE(p.read_end->stat(s).ok());
  EXPECT_EQ(io::mode::fifo, s.mode & io::mode::type_mask);
}

TEST(pipe, carries_megabytes_between_threads) {
  auto p = create_pipe(0).release();
  const std::string data = pattern(3'000'000);
  auto writer = sched::spawn("writer", [&] {
    usize at = 0;
    while (at < data.size()) {
      io::cursor from(static_cast<const void*>(data.data() + at), std::min<usize>(data.size() - at, 7777));
      at += p.write_end->write(from).value_or(0);
    }
    p.write_end = nullptr;
  });
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(data, read_all(*p.read_end, 5000));
}

TEST(pipe, bad_addresses_lose_nothing) {
  auto p = create_pipe(non_blocking).release();
  EXPECT_EQ(3u, write_text(*p.write_end, "abc").value());
  char room[8];
  {
    hosted::bad_address_range bad(room, sizeof room);
    io::cursor into(room, sizeof room);
    EXPECT_EQ(errc::fault, error_of(p.read_end->read(into)));
    io::cursor from(static_cast<const void*>(room), sizeof room);
    EXPECT_EQ(errc::fault, error_of(p.write_end->write(from)));
  }
  EXPECT_EQ("abc", read_some(*p.read_end, 10));
}

TEST(fifo, opens_when_both_sides_are_there) {
  ASSERT_TRUE(mount_empty_root().ok());
  ASSERT_TRUE(make_node({}, "/f", io::mode::fifo | 0600, 0).ok());
  EXPECT_EQ(errc::no_such_device_or_address, error_of(open({}, "/f", io::open_flag::write_only | non_blocking, 0)));
  std::string got;
  std::atomic<bool> done{false};
  auto reader = sched::spawn("reader", [&] {
    auto file = open({}, "/f", io::open_flag::read_only, 0);
    if (file.ok()) got = read_all(*file.value());
    done = true;
  });
  ASSERT_TRUE(reader.ok());
  {
    auto file = open({}, "/f", io::open_flag::write_only, 0);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ("/f", file.value()->name());
    io::file_status s;
    ASSERT_TRUE(file.value()->stat(s).ok());
    EXPECT_EQ(io::mode::fifo | 0600, s.mode);
    EXPECT_EQ(5u, write_text(*file.value(), "hello").value());
    file.value()->closed();
  }
  while (!done) sched::yield();
  EXPECT_EQ("hello", got);
  auto both = open({}, "/f", io::open_flag::read_write, 0);
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(1u, write_text(*both.value(), "x").value());
  EXPECT_EQ("x", read_some(*both.value(), 10));
  both = fail(errc::io);
  unmount_everything();
}

TEST(fifo, a_side_that_has_come_and_gone_was_there) {
  auto pipe = pipe_buffer::create().release();
  const u32 readers_before = pipe->reader_opens(), writers_before = pipe->writer_opens();
  pipe->add_end(true, false);
  // The other side wakes by that, and is done before this one looks.
  pipe->add_end(false, true);
  pipe->remove_end(false, true);
  EXPECT_TRUE(pipe->wait_for_writer(writers_before).ok());
  EXPECT_TRUE(pipe->wait_for_reader(readers_before).ok());
  pipe->remove_end(true, false);
}

}  // namespace

}  // namespace osv::vfs::test
