// splice(2), tee(2), vmsplice(2): bytes are copied through one page; no page changes its owner.
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
  result<usize> read(io::cursor& c, bool wait) {
    if (pipe) return pipe->read(c, wait && !file->non_blocking());
    return offset_argument ? file->read_at(c, offset) : file->read(c);
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
    io::cursor c(page.data(), size - done < page_size ? size - done : page_size);
    // Only the first piece is waited for.
    if (done && in.pipe && in.pipe->bytes_readable() == 0) break;
    if (done && out.pipe && out.pipe->room() == 0) break;
    if (!done && out.pipe && !wait && out.pipe->room() == 0) return fail(errc::again);
    auto got = in.read(c, wait && done == 0);
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
  return with_broken_pipe_signal(copy(in, out, size, !(flags & flag_non_blocking)));
}

result<usize> sys_tee(int in_fd, int out_fd, usize size, u32 flags) {
  TRY(check_flags(flags));
  const splice_end in = TRY(splice_end::from(in_fd, nullptr, true));
  splice_end out = TRY(splice_end::from(out_fd, nullptr, false));
  if (!in.pipe || !out.pipe || in.pipe == out.pipe) return fail(errc::invalid);
  const bool wait = !(flags & flag_non_blocking);
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
  io::cursor c(page.data(), size < page_size ? size : page_size);
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
