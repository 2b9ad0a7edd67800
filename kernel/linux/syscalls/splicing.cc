// splice(2), tee(2), vmsplice(2): bytes are copied through one page; no page changes its owner.
#include "io/socket_file.hh"
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"
#include "memory/frames.hh"
#include "vfs/pipe/pipe.hh"

namespace osv::linux_abi {

namespace {

constexpr u32 flag_move = 1, flag_non_blocking = 2, flag_more = 4, flag_gift = 8;  // SPLICE_F_*

/// A kernel page for the length of a call.
class bounce_page : pinned {
 public:
  ~bounce_page() {
    if (page_) memory::release(*page_);
  }
  result<> allocate() {
    page_ = TRY(memory::allocate_frames());
    return {};
  }
  void* data() const { return page_->data(); }

 private:
  memory::frame* page_ = nullptr;
};

/// Where a splice reads or writes: a pipe, or a file at its own or at a given position.
struct splice_end {
  ref<io::file> file;
  vfs::pipe_buffer* pipe;
  i64* offset_argument;
  u64 offset = 0;

  static result<splice_end> from(int fd, i64* offset, bool reading) {
    ref<io::file> file = TRY(file_of(fd));
    if (reading ? !file->readable() : !file->writable()) return fail(errc::bad_file);
    splice_end end{file, file->as_pipe(), offset};
    if (!offset) return end;
    if (end.pipe) return fail(errc::illegal_seek);
    const i64 value = TRY(memory::read_program<i64>(offset));
    if (value < 0) return fail(errc::invalid);
    end.offset = static_cast<u64>(value);
    return end;
  }
  /// Without `wait`: only what is there. Whether the first bytes of a file other than a pipe are waited for is the file's own affair.
  result<usize> read(io::cursor& c, bool first, bool wait) {
    if (pipe) return pipe->read(c, first && wait);
    if (offset_argument) return file->read_at(c, offset);
    if (first) return file->read(c);
    if (io::socket_file* socket = file->as_socket()) {
      io::message m;
      m.data = &c;
      return socket->receive(m, io::message_flag::dont_wait);
    }
    constexpr u32 ready = io::poll_event::in | io::poll_event::error | io::poll_event::hang_up;
    if (file->poll_queue() && !(file->poll() & ready)) return fail(errc::again);
    return file->read(c);
  }
  /// How many bytes the pipe takes at once; 0: none now, which is not said with `wait`. EPIPE without readers.
  result<usize> room(bool wait) const {
    for (;;) {
      if (!pipe->has_readers()) return fail(errc::broken_pipe);
      const usize n = pipe->room();
      if (n || !wait) return n;
      if (pipe->writable().wait([this] { return pipe->room() || !pipe->has_readers(); }) == sync::wait_result::interrupted)
        return fail(errc::restart);
    }
  }
  /// All of it: what was taken out of the other end must not be lost. A full file that does not block is waited for.
  result<> write_all(const void* data, usize size) {
    io::cursor c(data, size);
    while (!c.done()) {
      auto put = pipe ? pipe->write(c, true) : offset_argument ? file->write_at(c, offset) : file->write(c);
      if (put.ok()) {
        offset += put.value();
        continue;
      }
      sync::wait_queue* queue = file->poll_queue();
      if (put.error() != errc::again || !queue) return fail(put.error());
      constexpr u32 over = io::poll_event::out | io::poll_event::error | io::poll_event::hang_up;
      if (queue->wait([this] { return file->poll() & over; }) == sync::wait_result::interrupted) return fail(errc::interrupted);
    }
    return {};
  }
  result<> store() const {
    if (!offset_argument) return {};
    return memory::write_program(offset_argument, static_cast<i64>(offset));
  }
};

result<usize> copy(splice_end& in, splice_end& out, usize size, bool wait) {
  bounce_page page;
  TRY(page.allocate());
  usize done = 0;
  while (done < size) {
    usize most = size - done < page_size ? size - done : page_size;
    // Only the first piece is waited for.
    if (done && in.pipe && in.pipe->bytes_readable() == 0) break;
    if (out.pipe) {
      // Never more than fits: who would wait for room with bytes in hand may be the one who reads the pipe.
      auto fits = out.room(wait && done == 0);
      if (done && !fits.ok()) break;
      const usize room = TRY(fits);
      if (room == 0) {
        if (done) break;
        return fail(errc::again);
      }
      if (most > room) most = room;
    }
    io::cursor c(page.data(), most);
    auto got = in.read(c, done == 0, wait);
    if (!got.ok()) {
      if (done) break;
      return fail(got.error());
    }
    if (got.value() == 0) break;
    in.offset += got.value();
    if (auto written = out.write_all(page.data(), got.value()); !written.ok()) {
      if (done) break;
      return fail(written.error());
    }
    done += got.value();
  }
  TRY(in.store());
  TRY(out.store());
  return done;
}

/// From a pipe to a socket: what the socket does not take now stays in the pipe.
result<usize> send_from_pipe(vfs::pipe_buffer& pipe, io::socket_file& socket, usize size, bool wait) {
  const auto send = [&](io::cursor& c) {
    io::message m;
    m.data = &c;
    return socket.send(m, io::message_flag::dont_wait);
  };
  usize done = 0;
  while (done < size) {
    const auto sent = pipe.drain(size - done, send);
    if (sent.ok() && sent.value()) {
      done += sent.value();
      continue;
    }
    if (sent.ok()) {
      if (done || (!pipe.has_writers() && !pipe.bytes_readable())) break;
      if (!wait) return fail(errc::again);
      if (pipe.readable().wait([&] { return pipe.bytes_readable() || !pipe.has_writers(); }) == sync::wait_result::interrupted)
        return fail(errc::restart);
      continue;
    }
    sync::wait_queue* queue = socket.poll_queue();
    if (sent.error() != errc::again || socket.non_blocking() || !queue) {
      if (done) break;
      return fail(sent.error());
    }
    constexpr u32 over = io::poll_event::out | io::poll_event::error | io::poll_event::hang_up;
    if (queue->wait([&] { return socket.poll() & over; }) == sync::wait_result::interrupted) {
      if (done) break;
      return fail(errc::restart);
    }
  }
  return done;
}

result<> check_flags(u32 flags) {
  if (flags & ~(flag_move | flag_non_blocking | flag_more | flag_gift)) return fail(errc::invalid);
  return {};
}

}  // namespace

result<usize> sys_splice(int in_fd, i64* in_offset, int out_fd, i64* out_offset, usize size, u32 flags) {
  TRY(check_flags(flags));
  splice_end in = TRY(splice_end::from(in_fd, in_offset, true));
  splice_end out = TRY(splice_end::from(out_fd, out_offset, false));
  if (!in.pipe && !out.pipe) return fail(errc::invalid);
  if (in.pipe == out.pipe) return fail(errc::invalid);
  if (out.file->flags() & io::open_flag::append) return fail(errc::invalid);
  if (size > transfer_max) size = transfer_max;
  const bool wait = !(flags & flag_non_blocking) && !(in.pipe && in.file->non_blocking()) && !(out.pipe && out.file->non_blocking());
  if (io::socket_file* socket = out.file->as_socket(); socket && !out_offset)
    return with_broken_pipe_signal(send_from_pipe(*in.pipe, *socket, size, wait));
  return with_broken_pipe_signal(copy(in, out, size, wait));
}

result<usize> sys_tee(int in_fd, int out_fd, usize size, u32 flags) {
  TRY(check_flags(flags));
  const splice_end in = TRY(splice_end::from(in_fd, nullptr, true));
  splice_end out = TRY(splice_end::from(out_fd, nullptr, false));
  if (!in.pipe || !out.pipe || in.pipe == out.pipe) return fail(errc::invalid);
  const bool wait = !(flags & flag_non_blocking) && !in.file->non_blocking() && !out.file->non_blocking();
  if (!in.pipe->bytes_readable()) {
    constexpr u32 over = io::poll_event::in | io::poll_event::hang_up;
    if (!(in.file->poll() & over)) {
      if (!wait) return fail(errc::again);
      if (in.pipe->readable().wait([&] { return in.file->poll() & over; }) == sync::wait_result::interrupted)
        return fail(errc::restart);
    }
  }
  // One page at most: a longer copy would need both pipes to stand still between the pieces.
  bounce_page page;
  TRY(page.allocate());
  if (!in.pipe->bytes_readable()) return usize{0};
  const usize room = TRY(with_broken_pipe_signal(out.room(wait)));
  if (!room) return fail(errc::again);
  usize most = size < page_size ? size : page_size;
  if (most > room) most = room;
  io::cursor c(page.data(), most);
  const usize copied = TRY(in.pipe->peek(c));
  if (!copied) return usize{0};
  io::cursor from(static_cast<const void*>(page.data()), copied);
  return with_broken_pipe_signal(out.pipe->write(from, wait));
}

result<usize> sys_vmsplice(int fd, const io::io_vector* vectors, usize count, u32 flags) {
  TRY(check_flags(flags));
  const ref<io::file> file = TRY(file_of(fd));
  vfs::pipe_buffer* pipe = file->as_pipe();
  if (!pipe) return fail(errc::bad_file);
  vector_argument v;
  TRY(v.load(vectors, count));
  io::cursor c = v.cursor();
  const bool wait = !(flags & flag_non_blocking);
  if (!file->writable()) return pipe->read(c, wait);
  return with_broken_pipe_signal(pipe->write(c, wait));
}

}  // namespace osv::linux_abi
