// Reading and writing a file's bytes page by page, whatever its pages come from. What was copied before an error counts, as in
// read(2) and write(2).
#pragma once

#include "base/memory.hh"
#include "base/result.hh"
#include "io/cursor.hh"
#include "memory/frames.hh"

namespace osv::vfs {

/// Copies from `offset` to the end of the file.
/// @param size  returns the file's size now, in bytes; asked for each page, because the file may grow or shrink meanwhile
/// @param page  of an index, with a reference; nullptr: a hole; errc::range: the file became shorter
template <class Size, class Page>
result<usize> read_by_pages(io::cursor& into, u64 offset, Size size, Page page) {
  usize done = 0;
  while (!into.done()) {
    const u64 end = size();
    if (offset >= end) break;
    const usize within = offset % page_size;
    usize n = page_size - within;
    if (n > end - offset) n = end - offset;
    result<memory::frame*> got = page(offset / page_size);
    if (!got.ok()) {
      if (done || got.error() == errc::range) break;
      return fail(got.error());
    }
    memory::frame* const frame = got.value();
    auto copied = frame ? into.put(frame->as<u8>() + within, n) : into.put_zeroes(n);
    if (frame) memory::release(*frame);
    if (!copied.ok()) {
      if (done) break;
      return fail(copied.error());
    }
    done += copied.value();
    offset += copied.value();
    if (copied.value() < n) break;
  }
  return done;
}

/// What write_by_pages() did; `error` is to be reported if nothing was written.
struct written {
  usize bytes = 0;
  errc error = errc::ok;
};

/// Writes all of `from` at `at`.
/// @param write_page  (from, index, offset within the page, bytes) returns how many bytes it took
/// @param reached     (position) tells up to where the file's bytes are there now
template <class WritePage, class Reached>
written write_by_pages(io::cursor& from, u64 at, WritePage write_page, Reached reached) {
  written out;
  while (!from.done()) {
    const usize within = at % page_size;
    usize n = page_size - within;
    if (n > from.remaining()) n = from.remaining();
    result<usize> wrote = write_page(from, at / page_size, within, n);
    if (!wrote.ok()) {
      out.error = wrote.error();
      break;
    }
    at += wrote.value();
    out.bytes += wrote.value();
    reached(at);
    if (wrote.value() < n) break;
  }
  return out;
}

}  // namespace osv::vfs
