// Clean pages of a file or device that can be read again: filled in clusters, shared, reclaimed when memory is short.
#pragma once

#include "base/list.hh"
#include "vfs/page_map.hh"

namespace osv::vfs {

class page_cache : pinned {
 public:
  /// What fills the pages.
  class loader {
   public:
    /// Fills `count` whole frames, the pages from `first` on; what lies beyond the end of the file becomes zero. Sleeps.
    virtual result<> load(u64 first, memory::frame* const* frames, usize count) = 0;
    /// Pages that the file has, the last one perhaps in part.
    virtual u64 page_count() const = 0;

   protected:
    ~loader() = default;
  };

  /// The largest cluster that is read at once: 128 KiB.
  static constexpr usize cluster_max = 32;

  explicit page_cache(loader& from);
  ~page_cache();

  /// The loaded page with a reference. Sleeps; threads that want one page share one read. ERANGE beyond the end, EIO, ENOMEM.
  result<memory::frame*> get(u64 index);

  /// The page with a reference if it is there and loaded or being loaded (then it is waited for); nullptr if not.
  result<memory::frame*> find(u64 index);
  /// Puts in `made`, which holds the page's bytes (the caller's reference goes with it), unless there is a page: the page that
  /// is there in the end, with a reference. The index may lie beyond what the loader has.
  result<memory::frame*> put(u64 index, memory::frame* made);
  /// Forgets the pages of [first, end). Whoever still holds one holds a page of nothing.
  void drop(u64 first, u64 end);
  /// Whether `page`, which was the page at `index` once, still is.
  bool holds(u64 index, const memory::frame& page) { return pages_.holds(index, page); }
  u64 count() const { return pages_.count(); }
  /// The lowest index from `from` on that has a page; page_map::index_max + 1 if none.
  u64 next(u64 from) { return pages_.next(from); }
  /// Bits of frame::owner_tag that a file system may use for a page of its cache.
  static constexpr u16 owner_bit_1 = 0x100, owner_bit_2 = 0x200;

  /// Frees up to `bytes` of pages that nobody uses, those of least recent use first (clock). Never sleeps.
  static usize reclaim(usize bytes);
  /// What takes clean pages out of the program's page tables, called when pages that nobody has mapped are not enough. Set by boot/.
  static void set_unmapper(memory::reclaimer unmap);

 private:
  struct claim {
    memory::frame* page;
    bool ours;
  };
  class frame_supply;
  result<claim> claim_page(u64 index, u64 wanted, frame_supply& frames);
  void choose_window(u64 index, u64& first, u64& end);
  result<memory::frame*> read_cluster(u64 index);
  void load_run(u64 first, memory::frame** frames, usize count);
  void finish(u64 index, memory::frame& page, const result<>& outcome);
  usize sweep(usize bytes);

  loader& from_;
  page_map pages_;
  // Read-ahead: reads that go on where the last cluster ended double the window. Racy on purpose: only a hint.
  std::atomic<u64> next_expected_{0};
  std::atomic<u32> window_{0};
  u64 hand_ = 0;  // registry's lock
  list_hook hook_;
  friend class page_cache_registry;
};

}  // namespace osv::vfs
