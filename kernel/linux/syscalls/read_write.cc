// read(2), write(2) and their relatives, lseek(2), and the calls that copy from file to file inside the kernel.
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"
#include "memory/frames.hh"

namespace osv::linux_abi {

namespace {

result<ref<io::file>> readable(int fd) {
  ref<io::file> file = TRY(file_of(fd));
  if (!file->readable()) return fail(errc::bad_file);
  return file;
}
result<ref<io::file>> writable(int fd) {
  ref<io::file> file = TRY(file_of(fd));
  if (!file->writable()) return fail(errc::bad_file);
  return file;
}

// RWF_* of preadv2(2). High priority and data-sync are hints that hold anyway where there is no write-back cache.
constexpr u32 flag_high_priority = 1, flag_data_sync = 2, flag_sync = 4, flag_no_wait = 8, flag_append = 16;

result<> check_flags(u32 flags) {
  constexpr u32 known = flag_high_priority | flag_data_sync | flag_sync | flag_no_wait | flag_append;
  if (flags & ~known) return fail(errc::not_supported);
  return {};
}

result<usize> append(int fd, const io::io_vector* vectors, usize count, i64 offset) {
  if (offset < -1) return fail(errc::invalid);
  const held_file file = held_file_of(fd);
  if (!file || !file->writable()) return fail(errc::bad_file);
  vector_argument v;
  TRY(v.load(vectors, count));
  io::cursor c = v.cursor();
  return with_broken_pipe_signal(file->append(c, offset == -1));
}

}  // namespace

result<usize> sys_read(int fd, void* into, usize size) {
  const held_file file = held_file_of(fd);
  if (!file || !file->readable()) return fail(errc::bad_file);
  if (size > transfer_max) size = transfer_max;
  if (!in_program(into, size)) return fail(errc::fault);
  io::cursor c(into, size);
  return file->read(c);
}

result<usize> sys_write(int fd, const void* from, usize size) {
  const held_file file = held_file_of(fd);
  if (!file || !file->writable()) return fail(errc::bad_file);
  if (size > transfer_max) size = transfer_max;
  if (!in_program(from, size)) return fail(errc::fault);
  io::cursor c(from, size);
  return with_broken_pipe_signal(file->write(c));
}

result<usize> sys_readv(int fd, const io::io_vector* vectors, usize count) {
  const held_file file = held_file_of(fd);
  if (!file || !file->readable()) return fail(errc::bad_file);
  vector_argument v;
  TRY(v.load(vectors, count));
  io::cursor c = v.cursor();
  return file->read(c);
}

result<usize> sys_writev(int fd, const io::io_vector* vectors, usize count) {
  const held_file file = held_file_of(fd);
  if (!file || !file->writable()) return fail(errc::bad_file);
  vector_argument v;
  TRY(v.load(vectors, count));
  io::cursor c = v.cursor();
  return with_broken_pipe_signal(file->write(c));
}

result<usize> sys_pread64(int fd, void* into, usize size, i64 offset) {
  if (offset < 0) return fail(errc::invalid);
  const held_file file = held_file_of(fd);
  if (!file || !file->readable()) return fail(errc::bad_file);
  if (size > transfer_max) size = transfer_max;
  if (!in_program(into, size)) return fail(errc::fault);
  io::cursor c(into, size);
  return file->read_at(c, static_cast<u64>(offset));
}

result<usize> sys_pwrite64(int fd, const void* from, usize size, i64 offset) {
  if (offset < 0) return fail(errc::invalid);
  const held_file file = held_file_of(fd);
  if (!file || !file->writable()) return fail(errc::bad_file);
  if (size > transfer_max) size = transfer_max;
  if (!in_program(from, size)) return fail(errc::fault);
  io::cursor c(from, size);
  return file->write_at(c, static_cast<u64>(offset));
}

result<usize> sys_preadv(int fd, const io::io_vector* vectors, usize count, i64 offset) {
  if (offset < 0) return fail(errc::invalid);
  const held_file file = held_file_of(fd);
  if (!file || !file->readable()) return fail(errc::bad_file);
  vector_argument v;
  TRY(v.load(vectors, count));
  io::cursor c = v.cursor();
  return file->read_at(c, static_cast<u64>(offset));
}

result<usize> sys_pwritev(int fd, const io::io_vector* vectors, usize count, i64 offset) {
  if (offset < 0) return fail(errc::invalid);
  const held_file file = held_file_of(fd);
  if (!file || !file->writable()) return fail(errc::bad_file);
  vector_argument v;
  TRY(v.load(vectors, count));
  io::cursor c = v.cursor();
  return file->write_at(c, static_cast<u64>(offset));
}

// The offset comes in two halves for 32-bit callers; on x86-64 the low one holds it all.
result<usize> sys_preadv2(int fd, const io::io_vector* vectors, usize count, i64 offset, u64, u32 flags) {
  TRY(check_flags(flags));
  return offset == -1 ? sys_readv(fd, vectors, count) : sys_preadv(fd, vectors, count, offset);
}

result<usize> sys_pwritev2(int fd, const io::io_vector* vectors, usize count, i64 offset, u64, u32 flags) {
  TRY(check_flags(flags));
  const usize written = TRY(flags & flag_append ? append(fd, vectors, count, offset)
                            : offset == -1      ? sys_writev(fd, vectors, count)
                                                : sys_pwritev(fd, vectors, count, offset));
  if (flags & (flag_sync | flag_data_sync)) TRY(TRY(file_of(fd))->sync(!(flags & flag_sync)));
  return written;
}

// Hints: memory is the only place that the page cache could read ahead into, and it fills on demand.
result<> sys_fadvise64(int fd, i64, i64 size, int advice) {
  constexpr int advice_last = 5;  // POSIX_FADV_NOREUSE
  const ref<io::file> file = TRY(file_of(fd));
  if (size < 0 || advice < 0 || advice > advice_last) return fail(errc::invalid);
  io::file_status status;
  TRY(file->stat(status));
  if ((status.mode & io::mode::type_mask) == io::mode::fifo) return fail(errc::illegal_seek);
  return {};
}
result<> sys_readahead(int fd, i64, usize) {
  (void)TRY(readable(fd));
  return {};
}

result<u64> sys_lseek(int fd, i64 offset, int whence) {
  const ref<io::file> file = TRY(file_of(fd));
  return file->seek(offset, whence);
}

namespace {

/// One side of a copy inside the kernel: a file at its own position, or at one that the caller keeps.
struct transfer_side {
  ref<io::file> file;
  i64* offset_argument;
  u64 offset = 0;

  static result<transfer_side> from(result<ref<io::file>> file, i64* offset) {
    transfer_side side{TRY(std::move(file)), offset};
    if (offset) {
      const i64 value = TRY(memory::read_program<i64>(offset));
      if (value < 0) return fail(errc::invalid);
      side.offset = static_cast<u64>(value);
    }
    return side;
  }
  result<usize> read(io::cursor& c) { return offset_argument ? file->read_at(c, offset) : file->read(c); }
  result<usize> write(io::cursor& c) { return offset_argument ? file->write_at(c, offset) : file->write(c); }
  result<> store() const {
    if (!offset_argument) return {};
    return memory::write_program(offset_argument, static_cast<i64>(offset));
  }
};

/// Bytes from a seekable `in` to `out` through one page. A short write moves `in` back, so that nothing is lost.
result<usize> copy_through_page(transfer_side& in, transfer_side& out, usize size) {
  memory::frame* page = TRY(memory::allocate_frames());
  usize copied = 0;
  result<> error;
  while (copied < size) {
    const usize wanted = size - copied < page_size ? size - copied : page_size;
    io::cursor into(page->data(), wanted);
    auto got = in.read(into);
    if (!got.ok()) {
      error = fail(got.error());
      break;
    }
    if (got.value() == 0) break;
    io::cursor from(static_cast<const void*>(page->data()), got.value());
    auto put = out.write(from);
    const usize written = put.ok() ? put.value() : 0;
    in.offset += written;
    out.offset += written;
    copied += written;
    if (written < got.value()) {
      if (!in.offset_argument) (void)in.file->seek(-static_cast<i64>(got.value() - written), 1);
      if (!put.ok()) error = fail(put.error());
      break;
    }
  }
  memory::release(*page);
  if (copied == 0 && !error.ok()) return fail(error.error());
  TRY(in.store());
  TRY(out.store());
  return copied;
}

bool seekable(io::file& file) { return file.seek(0, 1).ok(); }

}  // namespace

result<usize> sys_sendfile(int out_fd, int in_fd, i64* offset, usize size) {
  transfer_side in = TRY(transfer_side::from(readable(in_fd), offset));
  transfer_side out = TRY(transfer_side::from(writable(out_fd), nullptr));
  if (!seekable(*in.file)) return fail(errc::invalid);
  if (out.file->flags() & io::open_flag::append) return fail(errc::invalid);
  return with_broken_pipe_signal(copy_through_page(in, out, size < transfer_max ? size : transfer_max));
}

result<usize> sys_copy_file_range(int in_fd, i64* in_offset, int out_fd, i64* out_offset, usize size, u32 flags) {
  if (flags) return fail(errc::invalid);
  transfer_side in = TRY(transfer_side::from(readable(in_fd), in_offset));
  transfer_side out = TRY(transfer_side::from(writable(out_fd), out_offset));
  if (out.file->flags() & io::open_flag::append) return fail(errc::bad_file);
  io::file_status in_status, out_status;
  TRY(in.file->stat(in_status));
  TRY(out.file->stat(out_status));
  for (const auto& status : {in_status, out_status}) {
    if ((status.mode & io::mode::type_mask) == io::mode::directory) return fail(errc::is_directory);
    if ((status.mode & io::mode::type_mask) != io::mode::regular) return fail(errc::invalid);
  }
  if (in_status.inode == out_status.inode && in_status.device == out_status.device) {
    const u64 from = in_offset ? in.offset : TRY(in.file->seek(0, 1));
    const u64 to = out_offset ? out.offset : TRY(out.file->seek(0, 1));
    if (from < to + size && to < from + size) return fail(errc::invalid);
  }
  return copy_through_page(in, out, size < transfer_max ? size : transfer_max);
}

}  // namespace osv::linux_abi
