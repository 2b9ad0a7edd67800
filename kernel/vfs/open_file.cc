#include "vfs/open_file.hh"

#include "memory/user_copy.hh"

namespace osv::vfs {

namespace {
// seek(2).
constexpr int seek_set = 0, seek_current = 1, seek_end = 2, seek_data = 3, seek_hole = 4;
constexpr u64 offset_max = INT64_MAX;
// ioctl_fionread(2).
constexpr u32 request_bytes_readable = 0x541b;

result<u64> moved(u64 from, i64 by) {
  if (by < 0 ? static_cast<u64>(-by) > from : static_cast<u64>(by) > offset_max - from) return fail(errc::invalid);
  return from + static_cast<u64>(by);
}
}  // namespace

std::string_view open_file::name() const {
  if (const string* known = name_.load(std::memory_order_acquire)) return *known;
  auto path = path_of(at_);
  if (!path.ok()) return "?";
  string* kept = new (std::nothrow) string(std::move(path.value()));
  if (!kept) return "?";
  string* expected = nullptr;
  // acq_rel: whoever sees the pointer sees the text.
  if (name_.compare_exchange_strong(expected, kept, std::memory_order_acq_rel)) return *kept;
  delete kept;
  return *expected;
}

result<usize> regular_file::read(io::cursor& into) {
  if (!readable()) return fail(errc::bad_file);
  usize n;
  {
    sync::mutex_guard g(position_lock_);
    n = TRY(node().read(into, position_));
    position_ += n;
  }
  return did_read(n);
}

result<usize> regular_file::write(io::cursor& from) { return write_and_move(from, flags() & io::open_flag::append); }

result<usize> regular_file::append(io::cursor& from, bool moves) { return moves ? write_and_move(from, true) : write_aside(from, 0, true); }

result<usize> regular_file::write_and_move(io::cursor& from, bool append) {
  if (!writable()) return fail(errc::bad_file);
  usize n;
  {
    sync::mutex_guard g(position_lock_);
    u64 at = position_;
    n = TRY(node().write(from, at, append));
    position_ = at + n;
  }
  TRY(written());
  return did_write(n);
}

/// open(2): O_SYNC and O_DSYNC, as if fsync or fdatasync followed each write.
result<> regular_file::written() {
  if (!(flags() & io::open_flag::data_sync)) return {};
  return node().sync((flags() & io::open_flag::sync) != io::open_flag::sync);
}

result<usize> regular_file::read_at(io::cursor& into, u64 offset) {
  if (!readable()) return fail(errc::bad_file);
  if (offset > offset_max) return fail(errc::invalid);
  return did_read(node().read(into, offset));
}

result<usize> regular_file::write_at(io::cursor& from, u64 offset) {
  if (offset > offset_max) return fail(errc::invalid);
  // Linux appends in spite of the offset when O_APPEND is set (pwrite(2), BUGS).
  return write_aside(from, offset, flags() & io::open_flag::append);
}

result<usize> regular_file::write_aside(io::cursor& from, u64 offset, bool append) {
  if (!writable()) return fail(errc::bad_file);
  const usize n = TRY(node().write(from, offset, append));
  TRY(written());
  return did_write(n);
}

result<u64> regular_file::seek(i64 offset, int whence) {
  sync::mutex_guard g(position_lock_);
  switch (whence) {
    case seek_set:
      position_ = TRY(moved(0, offset));
      break;
    case seek_current:
      position_ = TRY(moved(position_, offset));
      break;
    case seek_end:
      position_ = TRY(moved(node().size(), offset));
      break;
    case seek_data:
    case seek_hole:
      if (offset < 0) return fail(errc::no_such_device_or_address);
      position_ = TRY(node().seek_data(static_cast<u64>(offset), whence == seek_hole));
      break;
    default:
      return fail(errc::invalid);
  }
  return position_;
}

result<> regular_file::truncate(u64 size) {
  if (!writable()) return fail(errc::invalid);
  if (size > offset_max) return fail(errc::invalid);
  TRY(node().truncate(size));
  tell_of(at().at(), watch_event::modify);
  return {};
}

result<> regular_file::allocate(int mode, u64 offset, u64 length) {
  if (!writable()) return fail(errc::bad_file);
  if (!length || offset > offset_max || length > offset_max) return fail(errc::invalid);
  if (offset + length > offset_max) return fail(errc::file_too_big);
  TRY(node().allocate(mode, offset, length));
  tell_of_file(at().at(), watch_event::modify);
  return {};
}

result<ref<memory::backing>> regular_file::map(bool shared, bool writable) {
  if (!readable() || (shared && writable && !this->writable())) return fail(errc::access);
  TRY(node().prepare_map(shared, writable));
  node().remember_path(at());
  node().note_mapped();
  return ref<memory::backing>(&node());
}

result<i64> regular_file::control(u32 request, u64 argument) {
  if (request != request_bytes_readable) return fail(errc::not_terminal);
  sync::mutex_guard g(position_lock_);
  const u64 size = node().size();
  const i32 left = size > position_ ? static_cast<i32>(size - position_) : 0;
  TRY(memory::write_program(reinterpret_cast<void*>(argument), left));
  return 0;
}

result<> directory_file::list(io::directory_sink sink) {
  TRY(list_locked(sink));
  // Told at the end of the directory too, and not in one that was removed.
  if (!node().removed) tell_of_file(at().at(), watch_event::access);
  return {};
}

result<> directory_file::list_locked(io::directory_sink sink) {
  sync::mutex_guard g(position_lock_);
  inode& directory = node();
  if (position_ == 0) {
    if (!sink(".", directory.number(), directory_type(io::mode::directory), 1)) return {};
    position_ = 1;
  }
  if (position_ == 1) {
    if (!sink("..", at().at().parent()->node()->number(), directory_type(io::mode::directory), 2)) return {};
    position_ = 2;
  }
  sync::mutex_guard names(directory.directory_lock);
  if (directory.removed) return {};
  u64 reached = position_;
  auto outcome = directory.list(position_ - 2, [&](string_view name, u64 number, u8 type, u64 next) {
    if (!sink(name, number, type, next + 2)) return false;
    reached = next + 2;
    return true;
  });
  // What was delivered before an error is delivered; the next call meets the error again.
  if (!outcome.ok() && reached == position_) return outcome;
  position_ = reached;
  return {};
}

result<u64> directory_file::seek(i64 offset, int whence) {
  sync::mutex_guard g(position_lock_);
  if (whence == seek_set && offset >= 0)
    position_ = static_cast<u64>(offset);
  else if (whence != seek_current || offset != 0)
    return fail(errc::invalid);
  return position_;
}

}  // namespace osv::vfs
