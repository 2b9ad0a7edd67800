// Open file descriptions of things with a path.
#pragma once

#include "io/file.hh"
#include "vfs/entry.hh"
#include "vfs/mount_point.hh"
#include "vfs/watches.hh"

namespace osv::vfs {

/// What all of them share: the place they were opened at. O_PATH descriptors are of this class itself.
class open_file : public io::file {
 public:
  open_file(const location& at, u32 flags) : io::file(flags), at_(at) {}
  ~open_file() override {
    if (!(flags() & io::open_flag::path)) tell_of_file(at_.at(), writable() ? watch_event::close_write : watch_event::close_no_write);
    delete name_.load();
  }
  open_file* as_open_file() override { return this; }

  const location& at() const { return at_; }
  inode& node() const { return *at_.at().node(); }

  result<usize> read(io::cursor&) override { return fail(errc::bad_file); }
  result<usize> write(io::cursor&) override { return fail(errc::bad_file); }
  result<> stat(io::file_status& out) override { return node().status(out); }
  /// The path at the first call.
  std::string_view name() const override;

 protected:
  /// Passes the bytes of a transfer on; watchers hear of it unless there were none.
  usize did_read(usize bytes) const { return told(watch_event::access, bytes); }
  usize did_write(usize bytes) const { return told(watch_event::modify, bytes); }
  result<usize> did_read(result<usize> bytes) const { return bytes.ok() ? did_read(bytes.value()) : bytes; }
  result<usize> did_write(result<usize> bytes) const { return bytes.ok() ? did_write(bytes.value()) : bytes; }

 private:
  usize told(u32 event, usize bytes) const {
    if (bytes) tell_of_file(at_.at(), event);
    return bytes;
  }
  location at_;
  mutable std::atomic<string*> name_{nullptr};
};

class regular_file : public open_file {
 public:
  using open_file::open_file;

  result<usize> read(io::cursor& into) override;
  result<usize> write(io::cursor& from) override;
  result<usize> read_at(io::cursor& into, u64 offset) override;
  result<usize> write_at(io::cursor& from, u64 offset) override;
  result<usize> append(io::cursor& from, bool moves) override;
  result<u64> seek(i64 offset, int whence) override;
  result<> truncate(u64 size) override;
  result<> sync(bool data_only) override { return node().sync(data_only); }
  result<> allocate(int mode, u64 offset, u64 length) override;
  result<ref<memory::backing>> map(bool shared, bool writable) override;
  result<i64> control(u32 request, u64 argument) override;

 private:
  result<usize> write_and_move(io::cursor& from, bool append);
  result<usize> write_aside(io::cursor& from, u64 offset, bool append);
  result<> written();
  sync::mutex position_lock_;  // one read or write at a time moves the position (read(2), POSIX 2.9.7)
  u64 position_ = 0;
};

class directory_file : public open_file {
 public:
  using open_file::open_file;

  result<usize> read(io::cursor&) override { return fail(errc::is_directory); }
  result<usize> read_at(io::cursor&, u64) override { return fail(errc::is_directory); }
  result<> list(io::directory_sink sink) override;
  result<u64> seek(i64 offset, int whence) override;
  result<> sync(bool data_only) override { return node().sync(data_only); }

 private:
  result<> list_locked(io::directory_sink sink);
  sync::mutex position_lock_;
  u64 position_ = 0;  // 0 ".", 1 "..", from 2 on the inode's cookies + 2
};

/// A device, FIFO or other file that was opened by path: the file behind it does the work, the node has the status.
class delegating_file : public open_file {
 public:
  delegating_file(const location& at, u32 flags, ref<io::file> inner) : open_file(at, flags), inner_(std::move(inner)) {}

  result<usize> read(io::cursor& into) override { return did_read(with_flags().read(into)); }
  result<usize> write(io::cursor& from) override { return did_write(with_flags().write(from)); }
  result<usize> read_at(io::cursor& into, u64 offset) override { return did_read(with_flags().read_at(into, offset)); }
  result<usize> write_at(io::cursor& from, u64 offset) override { return did_write(with_flags().write_at(from, offset)); }
  result<u64> seek(i64 offset, int whence) override { return inner_->seek(offset, whence); }
  result<> truncate(u64 size) override { return inner_->truncate(size); }
  result<> sync(bool data_only) override { return inner_->sync(data_only); }
  result<i64> control(u32 request, u64 argument) override { return inner_->control(request, argument); }
  result<ref<memory::backing>> map(bool shared, bool writable) override { return inner_->map(shared, writable); }
  u32 poll() override { return inner_->poll(); }
  sync::wait_queue* poll_queue() override { return inner_->poll_queue(); }
  pipe_buffer* as_pipe() override { return inner_->as_pipe(); }
  void closed() override { inner_->closed(); }

 private:
  /// O_NONBLOCK and O_APPEND may have been changed on the outer file.
  io::file& with_flags() {
    if (inner_->flags() != flags()) inner_->set_flags(flags());
    return *inner_;
  }
  ref<io::file> inner_;
};

/// Opens what is registered for a device number (character_device.hh); ENXIO if nothing is.
result<ref<io::file>> open_device(const location& at, u64 device, bool block, u32 flags);

}  // namespace osv::vfs
