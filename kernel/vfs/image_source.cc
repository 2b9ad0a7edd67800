#include "vfs/image_source.hh"

#include "sync/wait_queue.hh"
#include "vfs/page_cache.hh"

namespace osv::vfs {

namespace {

/// One cluster read: all requests are in flight together, the reader waits for the last. At most as many requests as there is room
/// for in `requests`, which the caller keeps until run() returns.
class cluster_read : pinned {
 public:
  cluster_read(devices::block_device& device, std::span<devices::block_request> requests) : device_(device), requests_(requests) {}

  result<> run(u64 sector, memory::frame* const* frames, usize count) {
    usize requests = 0;
    for (usize i = 0; i < count;) {
      // Frames that happen to be neighbours go in one request.
      usize run = 1;
      auto* data = frames[i]->as<u8>();
      while (i + run < count && frames[i + run]->as<u8>() == data + run * page_size) ++run;
      requests_[requests].kind = devices::block_request::operation::read;
      requests_[requests].sector = sector + i * (page_size / devices::sector_size);
      requests_[requests].data = data;
      requests_[requests].size = run * page_size;
      requests_[requests].completed = [this](devices::block_request&, result<> outcome) { completed(outcome); };
      ++requests;
      i += run;
    }
    return submit(requests);
  }

  /// `bytes` is a multiple of 512.
  result<> run_part(u64 sector, void* into, usize bytes) {
    requests_[0].kind = devices::block_request::operation::read;
    requests_[0].sector = sector;
    requests_[0].data = into;
    requests_[0].size = bytes;
    requests_[0].completed = [this](devices::block_request&, result<> outcome) { completed(outcome); };
    return submit(1);
  }

 private:
  result<> submit(usize requests) {
    left_.store(static_cast<u32>(requests), std::memory_order_relaxed);
    for (usize i = 0; i < requests; ++i) device_.submit(requests_[i]);
    (void)queue().wait([this] { return left_.load(std::memory_order_acquire) == 0; }, never, false);
    if (failed_.load(std::memory_order_relaxed)) return fail(errc::io);
    return {};
  }
  /// Interrupt context. The reader may free this object as soon as left_ is 0: the queue is not part of it.
  void completed(const result<>& outcome) {
    if (!outcome.ok()) failed_.store(true, std::memory_order_relaxed);
    sync::wait_queue& waiting = queue();
    // release: the reader sees failed_ and the device's bytes.
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) waiting.wake();
  }
  sync::wait_queue& queue() {
    static sync::wait_queue queues[8];
    return queues[reinterpret_cast<uptr>(this) / 64 % 8];
  }

  devices::block_device& device_;
  std::atomic<u32> left_{0};
  std::atomic<bool> failed_{false};
  std::span<devices::block_request> requests_;
};

class block_source final : public image_source, private page_cache::loader {
 public:
  explicit block_source(devices::block_device& device) : device_(device), metadata_(*this) {}

  u64 size() const override {
    const u64 sectors_max = ~0ull / devices::sector_size;
    return (device_.sectors() < sectors_max ? device_.sectors() : sectors_max) * devices::sector_size;
  }
  std::string_view name() const override { return device_.name(); }

  result<> read(u64 offset, void* into, usize bytes) override {
    TRY(check(offset, bytes));
    auto* to = static_cast<u8*>(into);
    while (bytes) {
      memory::frame* page = TRY(metadata_.get(offset / page_size));
      const usize within = offset % page_size;
      const usize n = bytes < page_size - within ? bytes : page_size - within;
      __builtin_memcpy(to, page->as<u8>() + within, n);
      memory::release(*page);
      to += n;
      offset += n;
      bytes -= n;
    }
    return {};
  }

  result<> read_pages(u64 offset, memory::frame* const* frames, usize count) override {
    TRY(check(offset, count * page_size));
    if (count > page_cache::cluster_max || offset % devices::sector_size) return fail(errc::io);
    const u64 sector = offset / devices::sector_size;
    devices::block_request one;
    // More requests than one need too much room for the stack. When memory is short, just this read must not fail: it is what gives
    // the program its own code back.
    auto many = count > 1 ? buffer<devices::block_request>::create(count) : result<buffer<devices::block_request>>(fail(errc::no_memory));
    if (many.ok()) return cluster_read(device_, {many->data(), count}).run(sector, frames, count);
    for (usize i = 0; i < count; ++i) TRY(cluster_read(device_, {&one, 1}).run(sector + i * (page_size / devices::sector_size), frames + i, 1));
    return {};
  }

 private:
  u64 page_count() const override { return size() / page_size + (size() % page_size != 0); }
  result<> load(u64 first, memory::frame* const* frames, usize count) override {
    const u64 whole = size() / page_size;
    const usize full = first >= whole ? 0 : whole - first < count ? whole - first : count;
    if (full) TRY(read_pages(first * page_size, frames, full));
    if (full == count) return {};
    // The device ends inside this page.
    __builtin_memset(frames[full]->data(), 0, page_size);
    devices::block_request one;
    return cluster_read(device_, {&one, 1}).run_part(whole * page_size / devices::sector_size, frames[full]->data(), size() % page_size);
  }

  devices::block_device& device_;
  page_cache metadata_;
};

class memory_source final : public image_source {
 public:
  memory_source(std::span<const u8> image, bool frames) : image_(image), frames_(frames) {
    if (!frames_) return;
    // These frames are never free again, whoever maps and unmaps them. Reserved memory has no references yet: not retain().
    for (usize offset = 0; offset < image_.size(); offset += page_size)
      memory::frame_of_data(image_.data() + offset).references.fetch_add(1, std::memory_order_relaxed);
  }

  u64 size() const override { return image_.size(); }
  std::string_view name() const override { return "initrd"; }
  result<> read(u64 offset, void* into, usize bytes) override {
    TRY(check(offset, bytes));
    __builtin_memcpy(into, image_.data() + offset, bytes);
    return {};
  }
  result<> read_pages(u64 offset, memory::frame* const* frames, usize count) override {
    TRY(check(offset, count * page_size));
    for (usize i = 0; i < count; ++i) __builtin_memcpy(frames[i]->data(), image_.data() + offset + i * page_size, page_size);
    return {};
  }
  memory::frame* resident(u64 offset) override {
    if (!frames_ || offset % page_size || !check(offset, page_size).ok()) return nullptr;
    memory::frame& page = memory::frame_of_data(image_.data() + offset);
    memory::retain(page);
    return &page;
  }

 private:
  std::span<const u8> image_;
  bool frames_;
};

}  // namespace

result<unique<image_source>> open_block_source(devices::block_device& device) {
  return TRY(osv::make_unique<block_source>(device));
}

result<unique<image_source>> open_memory_source(std::span<const u8> image, bool frames) {
  return TRY(osv::make_unique<memory_source>(image, frames && is_aligned(reinterpret_cast<uptr>(image.data()), page_size)));
}

}  // namespace osv::vfs
