#include "vfs/pipe/pipe.hh"

#include "base/format.hh"
#include "memory/user_copy.hh"
#include "sched/clock.hh"
#include "vfs/vfs.hh"

namespace osv::vfs {

namespace {
constinit std::atomic<u64> next_number{1};

void release_page(u8* page) { memory::release(memory::frame_of_data(page)); }
}  // namespace

result<ref<pipe_buffer>> pipe_buffer::create() {
  auto pages = TRY(buffer<u8*>::create(pages_default));
  return osv::make_ref<pipe_buffer>(std::move(pages));
}

pipe_buffer::pipe_buffer(buffer<u8*> pages)
    : pages_(std::move(pages)), page_count_(pages_default), number_(next_number.fetch_add(1, std::memory_order_relaxed)) {}

pipe_buffer::~pipe_buffer() {
  for (u8* page : pages_)
    if (page) release_page(page);
  if (spare_) release_page(spare_);
}

void pipe_buffer::free_page(u8*& page) {
  if (spare_)
    release_page(page);
  else
    spare_ = page;
  page = nullptr;
}

result<usize> pipe_buffer::copy_out(io::cursor& into) {
  const u64 end = written_.load(std::memory_order_relaxed);
  u64 at = read_.load(std::memory_order_relaxed);
  usize done = 0;
  while (at < end && !into.done()) {
    u8*& page = page_at(at);
    const usize within = at % page_size;
    usize n = page_size - within;
    if (n > end - at) n = end - at;
    if (n > into.remaining()) n = into.remaining();
    auto copied = into.put(page + within, n);
    if (!copied.ok()) {
      if (done) break;
      return fail(copied.error());
    }
    const usize moved = copied.value();
    at += moved;
    done += moved;
    if (at % page_size == 0) free_page(page);
    if (moved < n) break;
  }
  read_.store(at, std::memory_order_relaxed);
  return done;
}

void pipe_buffer::start_page() {
  const u64 at = read_.load(std::memory_order_relaxed);
  if (at % page_size == 0) return;
  free_page(page_at(at));
  // read_ first, see bytes_readable().
  const u64 next = align_up(at, page_size);
  read_.store(next, std::memory_order_relaxed);
  written_.store(next, std::memory_order_release);
}

result<usize> pipe_buffer::copy_in(io::cursor& from, usize most) {
  u64 at = written_.load(std::memory_order_relaxed);
  const u64 end = at + most;
  usize done = 0;
  while (at < end) {
    u8*& page = page_at(at);
    if (!page) {
      if (spare_) {
        page = std::exchange(spare_, nullptr);
      } else {
        auto made = memory::allocate_frames(0);
        if (!made.ok()) {
          if (done) break;
          return fail(made.error());
        }
        page = made.value()->as<u8>();
      }
    }
    const usize within = at % page_size;
    usize n = page_size - within;
    if (n > end - at) n = end - at;
    auto copied = from.take(page + within, n);
    if (!copied.ok()) {
      if (!within) free_page(page);
      if (done) break;
      return fail(copied.error());
    }
    at += copied.value();
    done += copied.value();
    if (copied.value() < n) break;
  }
  // release: who sees the position sees the bytes.
  written_.store(at, std::memory_order_release);
  return done;
}

usize pipe_buffer::read_within_page(io::cursor& into) {
  bool was_short;
  usize n;
  {
    sync::mutex_guard g(lock_);
    const u64 at = read_.load(std::memory_order_relaxed), end = written_.load(std::memory_order_relaxed);
    const usize within = at % page_size;
    n = end - at < into.remaining() ? end - at : into.remaining();
    if (n == 0 || within + n > page_size) return 0;
    u8*& page = page_at(at);
    const auto copied = into.put(page + within, n);
    if (!copied.ok()) [[unlikely]]
      return 0;
    n = copied.value();
    was_short = end - (at - within) + atomic_write > capacity();
    if (within + n == page_size) free_page(page);
    read_.store(at + n, std::memory_order_relaxed);
  }
  if (was_short) writable_.wake(io::poll_event::out);
  return n;
}

result<usize> pipe_buffer::read(io::cursor& into, bool wait) {
  if (into.done()) return 0ul;
  for (;;) {
    {
      sync::mutex_guard g(lock_);
      if (bytes_readable()) {
        const bool was_short = room() < atomic_write;
        auto n = copy_out(into);
        g.unlock();
        if (was_short) writable_.wake(io::poll_event::out);
        return n;
      }
    }
    if (!writers_.load(std::memory_order_acquire)) {
      // A writer may have written and gone between the two looks.
      if (bytes_readable()) continue;
      return 0ul;
    }
    if (!wait) return fail(errc::again);
    const auto outcome = readable_.wait([this] { return bytes_readable() || !writers_.load(std::memory_order_acquire); });
    if (outcome == sync::wait_result::interrupted) return fail(errc::restart);
  }
}

result<usize> pipe_buffer::drain(usize most, function_ref<result<usize>(io::cursor&)> take) {
  usize done = 0;
  result<> error;
  bool was_short;
  {
    sync::mutex_guard g(lock_);
    was_short = room() < atomic_write;
    const u64 end = written_.load(std::memory_order_relaxed);
    u64 at = read_.load(std::memory_order_relaxed);
    while (at < end && done < most) {
      u8*& page = page_at(at);
      const usize within = at % page_size;
      usize n = page_size - within;
      if (n > end - at) n = end - at;
      if (n > most - done) n = most - done;
      io::cursor from(static_cast<const void*>(page + within), n);
      const auto taken = take(from);
      if (!taken.ok()) {
        error = fail(taken.error());
        break;
      }
      at += taken.value();
      done += taken.value();
      if (at % page_size == 0 && taken.value()) free_page(page);
      if (taken.value() < n) break;
    }
    read_.store(at, std::memory_order_relaxed);
  }
  if (done && was_short) writable_.wake(io::poll_event::out);
  if (!done && !error.ok()) return fail(error.error());
  return done;
}

result<usize> pipe_buffer::peek(io::cursor& into) {
  sync::mutex_guard g(lock_);
  const u64 end = written_.load(std::memory_order_relaxed);
  u64 at = read_.load(std::memory_order_relaxed);
  usize done = 0;
  while (!into.done() && at < end) {
    const usize within = at % page_size;
    usize n = page_size - within;
    if (n > end - at) n = end - at;
    if (n > into.remaining()) n = into.remaining();
    n = TRY(into.put(page_at(at) + within, n));
    at += n;
    done += n;
  }
  return done;
}

usize pipe_buffer::write_within_page(io::cursor& from) {
  usize n = from.remaining();
  if (!readers_.load(std::memory_order_acquire)) return 0;
  {
    sync::mutex_guard g(lock_);
    const u64 at = written_.load(std::memory_order_relaxed);
    const usize within = at % page_size;
    // A page that was begun belongs to the pipe to its end: room() counts whole pages.
    if (!within || n > page_size - within) return 0;
    const auto copied = from.take(page_at(at) + within, n);
    if (!copied.ok()) [[unlikely]]
      return 0;
    n = copied.value();
    // release: who sees the position sees the bytes.
    written_.store(at + n, std::memory_order_release);
  }
  readable_.wake(io::poll_event::in);
  return n;
}

result<usize> pipe_buffer::write(io::cursor& from, bool wait) {
  if (from.done()) return 0ul;
  usize done = 0;
  // Up to PIPE_BUF bytes go in whole; more may be split and mixed with other writers' (pipe(7)).
  const usize needed = from.remaining() <= atomic_write ? from.remaining() : 1;
  for (;;) {
    if (!readers_.load(std::memory_order_acquire)) {
      if (done) return done;
      return fail(errc::broken_pipe);
    }
    usize wrote = 0;
    {
      sync::mutex_guard g(lock_);
      const usize space = room();
      if (space >= needed) {
        const usize most = from.remaining() < space ? from.remaining() : space;
        // An empty pipe takes its whole capacity, wherever in a page it stands.
        if (read_.load(std::memory_order_relaxed) % page_size + most > capacity() && !bytes_readable()) start_page();
        auto copied = copy_in(from, most);
        if (!copied.ok()) {
          if (done) return done;
          return fail(copied.error());
        }
        wrote = copied.value();
      }
    }
    if (wrote) {
      done += wrote;
      readable_.wake(io::poll_event::in);
      if (from.done()) return done;
      continue;
    }
    if (!wait) {
      if (done) return done;
      return fail(errc::again);
    }
    const auto outcome = writable_.wait([&] { return room() >= needed || !readers_.load(std::memory_order_acquire); });
    if (outcome == sync::wait_result::interrupted) {
      if (done) return done;
      return fail(errc::restart);
    }
  }
}

u32 pipe_buffer::poll(bool reader, bool writer) {
  using namespace io::poll_event;
  u32 ready = 0;
  const usize bytes = bytes_readable();
  if (reader) {
    if (bytes) ready |= in;
    if (!writers_.load(std::memory_order_acquire) && writer_opens_.load(std::memory_order_relaxed)) ready |= hang_up;
  }
  if (writer) {
    if (room() >= atomic_write) ready |= out;
    if (!readers_.load(std::memory_order_acquire)) ready |= error;
  }
  return ready;
}

void pipe_buffer::add_end(bool reader, bool writer) {
  if (reader) {
    readers_.fetch_add(1, std::memory_order_relaxed);
    reader_opens_.fetch_add(1, std::memory_order_relaxed);
    writable_.wake();
  }
  if (writer) {
    writers_.fetch_add(1, std::memory_order_relaxed);
    writer_opens_.fetch_add(1, std::memory_order_relaxed);
    readable_.wake();
  }
}

void pipe_buffer::remove_end(bool reader, bool writer) {
  // release: what the end did comes before its absence.
  if (reader && readers_.fetch_sub(1, std::memory_order_release) == 1) writable_.wake(io::poll_event::error | io::poll_event::out);
  if (writer && writers_.fetch_sub(1, std::memory_order_release) == 1) readable_.wake(io::poll_event::hang_up | io::poll_event::in);
  if (readers_.load() || writers_.load()) return;
  // A FIFO without users forgets its bytes.
  sync::mutex_guard g(lock_);
  if (readers_.load() || writers_.load()) return;
  for (u8*& page : pages_)
    if (page) {
      release_page(page);
      page = nullptr;
    }
  const u64 next = align_up(written_.load(std::memory_order_relaxed), page_size);
  read_.store(next, std::memory_order_relaxed);
  written_.store(next, std::memory_order_release);
}

result<> pipe_buffer::wait_for_writer(u32 before) {
  const auto opened = [&] { return writers_.load() || writer_opens_.load() != before; };
  if (readable_.wait(opened) == sync::wait_result::interrupted) return fail(errc::restart);
  return {};
}

result<> pipe_buffer::wait_for_reader(u32 before) {
  const auto opened = [&] { return readers_.load() || reader_opens_.load() != before; };
  if (writable_.wait(opened) == sync::wait_result::interrupted) return fail(errc::restart);
  return {};
}

result<u32> pipe_buffer::set_capacity(u32 bytes) {
  u32 pages = 1;
  while (pages < pages_max && pages * page_size < bytes) pages *= 2;
  if (pages * page_size < bytes) return fail(errc::not_permitted);  // fcntl(2): beyond pipe-max-size
  auto ring = TRY(buffer<u8*>::create(pages));
  {
    sync::mutex_guard g(lock_);
    const u64 first = read_.load(std::memory_order_relaxed) / page_size;
    const u64 end = (written_.load(std::memory_order_relaxed) + page_size - 1) / page_size;
    if (end - first > pages) return fail(errc::busy);
    for (u64 i = first; i < end; ++i) ring[i % pages] = std::exchange(pages_[i % page_count_], nullptr);
    for (u8*& page : pages_)
      if (page) free_page(page);
    pages_ = std::move(ring);
    page_count_ = pages;
  }
  writable_.wake(io::poll_event::out);
  return pages * static_cast<u32>(page_size);
}

result<usize> pipe_end::read(io::cursor& into) {
  if (!readable()) return fail(errc::bad_file);
  if (const usize n = pipe_->read_within_page(into)) [[likely]]
    return n;
  return pipe_->read(into, !non_blocking());
}

result<usize> pipe_end::write(io::cursor& from) {
  if (!writable()) return fail(errc::bad_file);
  if (const usize n = pipe_->write_within_page(from)) [[likely]]
    return n;
  return pipe_->write(from, !non_blocking());
}

result<> pipe_end::stat(io::file_status& out) {
  out = {};
  out.inode = pipe_->number();
  out.mode = io::mode::fifo | 0600;
  return {};
}

result<i64> pipe_end::control(u32 request, u64 argument) {
  constexpr u32 bytes_readable = 0x541b;  // FIONREAD
  if (request != bytes_readable) return fail(errc::not_terminal);
  TRY(memory::write_program(reinterpret_cast<void*>(argument), static_cast<i32>(pipe_->bytes_readable())));
  return 0;
}

void pipe_end::closed() {
  if (open_.exchange(false)) pipe_->remove_end(readable(), writable());
}

std::string_view pipe_end::name() const {
  // Written once, by whoever asks first; a second asker at the same moment writes the same bytes.
  if (!named_.load(std::memory_order_acquire)) {
    text_writer out(name_, sizeof name_ - 1);
    format_to(out, "pipe:[{}]", pipe_->number());
    name_[out.size()] = 0;
    named_.store(true, std::memory_order_release);
  }
  return name_;
}

result<pipe_pair> create_pipe(u32 flags) {
  ref<pipe_buffer> pipe = TRY(pipe_buffer::create());
  flags &= io::open_flag::non_blocking;
  ref<io::file> reader = TRY(osv::make_ref<pipe_end>(pipe, flags | io::open_flag::read_only));
  ref<io::file> writer = TRY(osv::make_ref<pipe_end>(pipe, flags | io::open_flag::write_only));
  return pipe_pair{std::move(reader), std::move(writer)};
}

result<u32> pipe_capacity(io::file& file) {
  pipe_buffer* pipe = file.as_pipe();
  if (!pipe) return fail(errc::bad_file);
  return pipe->capacity();
}

result<u32> set_pipe_capacity(io::file& file, u32 bytes) {
  pipe_buffer* pipe = file.as_pipe();
  if (!pipe) return fail(errc::bad_file);
  return pipe->set_capacity(bytes);
}

}  // namespace osv::vfs
