#include "vfs/open_file.hh"
#include "vfs/pipe/pipe.hh"

namespace osv::vfs {

result<ref<io::file>> open_fifo(ref<pipe_buffer> pipe, const location& at, u32 flags) {
  const u32 access = flags & io::open_flag::access_mask;
  const bool wait = !(flags & io::open_flag::non_blocking);
  // open(2): ENXIO for O_WRONLY | O_NONBLOCK without a reader.
  if (access == io::open_flag::write_only && !wait && !pipe->has_readers()) return fail(errc::no_such_device_or_address);
  // Before this side is announced: by that the other one, which may sleep in its open(2), wakes, does all it has to do, and closes.
  const u32 readers_before = pipe->reader_opens(), writers_before = pipe->writer_opens();
  const bool readers = pipe->has_readers(), writers = pipe->has_writers();
  ref<io::file> end = TRY(osv::make_ref<pipe_end>(pipe, flags));
  if (access == io::open_flag::read_only && wait && !writers) TRY(pipe->wait_for_writer(writers_before));
  if (access == io::open_flag::write_only && wait && !readers) TRY(pipe->wait_for_reader(readers_before));
  // At last: only what was opened is told to be closed.
  return TRY(osv::make_ref<delegating_file>(at, flags, std::move(end)));
}

}  // namespace osv::vfs
