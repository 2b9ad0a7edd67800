// Pipes and FIFOs (pipe(7)).
#pragma once

#include "base/function.hh"
#include "io/file.hh"
#include "memory/frames.hh"
#include "vfs/location.hh"

namespace osv::vfs {

/// The bytes between the two ends: a ring of pages that are allocated when they are first written to.
class pipe_buffer final : public ref_counted<pipe_buffer> {
 public:
  static constexpr u32 pages_default = 16, pages_max = 256;  // 64 KiB; 1 MiB (/proc/sys/fs/pipe-max-size)
  static constexpr usize atomic_write = 4096;                // PIPE_BUF

  static result<ref<pipe_buffer>> create();
  /// Use create().
  explicit pipe_buffer(buffer<u8*> pages);
  ~pipe_buffer();

  /// The common cases, tried first: what is asked for lies in one page; it all fits behind what the last page holds.
  /// 0: nothing was done, use read() or write(), which also tell errors.
  usize read_within_page(io::cursor& into);
  usize write_within_page(io::cursor& from);

  result<usize> read(io::cursor& into, bool wait);
  /// EPIPE without readers; the caller raises SIGPIPE.
  result<usize> write(io::cursor& from, bool wait);
  /// Hands at most `most` of the bytes that are there to `take`, a page's rest at a time; what it leaves stays in the pipe. An
  /// error of `take` counts if nothing was taken before. 0: the pipe is empty. `take` must not wait: the pipe is locked.
  result<usize> drain(usize most, function_ref<result<usize>(io::cursor&)> take);
  /// Copies what is there without taking it (tee(2)); 0 when the pipe is empty.
  result<usize> peek(io::cursor& into);
  u32 poll(bool reader, bool writer);

  void add_end(bool reader, bool writer);
  void remove_end(bool reader, bool writer);
  /// How often a side was opened.
  u32 reader_opens() const { return reader_opens_.load(std::memory_order_acquire); }
  u32 writer_opens() const { return writer_opens_.load(std::memory_order_acquire); }
  /// FIFO: waits until the other side is open, or was opened more than `before` times (fifo(7)). EINTR-like when interrupted.
  result<> wait_for_writer(u32 before);
  result<> wait_for_reader(u32 before);
  bool has_writers() const { return writers_.load(std::memory_order_relaxed) != 0; }
  bool has_readers() const { return readers_.load(std::memory_order_relaxed) != 0; }

  u32 capacity() const { return page_count_ * page_size; }
  result<u32> set_capacity(u32 bytes);
  /// Without the lock a moment's view. written_ is looked at first (acquire pairs with its release): where a pipe that ran empty
  /// moves both positions on, an old written_ shows nothing, and a new one comes with the new read_.
  usize bytes_readable() const {
    const u64 written = written_.load(std::memory_order_acquire), read = read_.load(std::memory_order_relaxed);
    return written > read ? written - read : 0;
  }
  /// Bytes that a write could put in: whole pages behind the one that is being read, as on Linux.
  usize room() const {
    const u64 written = written_.load(std::memory_order_acquire), read = read_.load(std::memory_order_relaxed);
    if (written <= read) return capacity();
    const u64 end = align_down(read, page_size) + capacity();
    return written < end ? end - written : 0;
  }
  u64 number() const { return number_; }
  sync::wait_queue& readable() { return readable_; }
  sync::wait_queue& writable() { return writable_; }

 private:
  // lock_ held:
  u8*& page_at(u64 position) { return pages_[position / page_size & (page_count_ - 1)]; }
  result<usize> copy_out(io::cursor& into);
  result<usize> copy_in(io::cursor& from, usize most);
  void free_page(u8*& page);
  /// Moves an empty pipe to the start of a page.
  void start_page();

  sync::mutex lock_;
  buffer<u8*> pages_;  // their bytes in the physical map; nullptr: not there yet
  u32 page_count_;     // a power of two
  u8* spare_ = nullptr;  // the last page that became empty, for the next write
  std::atomic<u64> read_{0}, written_{0};  // positions since the pipe was made
  std::atomic<u32> readers_{0}, writers_{0};
  std::atomic<u32> reader_opens_{0}, writer_opens_{0};
  u64 number_;
  sync::wait_queue readable_, writable_;
};

/// One end, or both for a FIFO opened O_RDWR.
class pipe_end final : public io::file {
 public:
  pipe_end(ref<pipe_buffer> pipe, u32 flags) : io::file(flags), pipe_(std::move(pipe)) { pipe_->add_end(readable(), writable()); }
  ~pipe_end() override { closed(); }

  result<usize> read(io::cursor& into) override;
  result<usize> write(io::cursor& from) override;
  result<> stat(io::file_status& out) override;
  result<i64> control(u32 request, u64 argument) override;
  u32 poll() override { return pipe_->poll(readable(), writable()); }
  sync::wait_queue* poll_queue() override { return readable() ? &pipe_->readable() : &pipe_->writable(); }
  pipe_buffer* as_pipe() override { return pipe_.get(); }
  void closed() override;
  std::string_view name() const override;

 private:
  ref<pipe_buffer> pipe_;
  std::atomic<bool> open_{true};
  mutable std::atomic<bool> named_{false};
  mutable char name_[32];
};

/// open(2) of a FIFO whose bytes are in `pipe`: waits for the other side as fifo(7) says.
result<ref<io::file>> open_fifo(ref<pipe_buffer> pipe, const location& at, u32 flags);

}  // namespace osv::vfs
