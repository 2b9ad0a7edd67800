#include "linux/vdso.hh"

#include <cstring>

#include "memory/frames.hh"
#include "sched/clock.hh"

extern "C" const osv::u8 vdso_image_start[], vdso_image_end[];

namespace osv::linux_abi {

namespace {

/// Page 0 is the clock's data page, the code follows.
class vdso_pages : public memory::backing {
 public:
  result<memory::frame*> page(u64 index, bool) override {
    if (index == 0) {
      memory::frame& clock = memory::frame_of(memory::to_physical(sched::clock_page()));
      // The page is part of the kernel's image: it has a descriptor but is never given back.
      clock.references.fetch_add(1, std::memory_order_relaxed);
      return &clock;
    }
    const usize size = static_cast<usize>(vdso_image_end - vdso_image_start);
    if ((index - 1) * page_size >= size) return fail(errc::range);
    if (!code_[index - 1]) {
      memory::frame* f = TRY(memory::allocate_zeroed_frame());
      const usize left = size - (index - 1) * page_size;
      std::memcpy(f->data(), vdso_image_start + (index - 1) * page_size, left < page_size ? left : page_size);
      code_[index - 1] = f;
    }
    memory::retain(*code_[index - 1]);
    return code_[index - 1];
  }

 private:
  memory::frame* code_[4] = {};
};

ref<memory::backing>& pages() {
  static ref<memory::backing> instance;
  return instance;
}

}  // namespace

result<u64> map_vdso(memory::address_space& space) {
  if (!pages()) {
    memory::frame& clock = memory::frame_of(memory::to_physical(sched::clock_page()));
    clock.references.store(1, std::memory_order_relaxed);
    pages() = TRY(make_ref<vdso_pages>());
  }
  const u64 code_size = align_up(static_cast<u64>(vdso_image_end - vdso_image_start), page_size);
  if (code_size > 4 * page_size) return fail(errc::overflow);
  memory::map_request request;
  request.size = page_size + code_size;
  request.protection = memory::protection::read;
  request.source = pages();
  request.label = "[vvar]";
  const u64 base = TRY(space.map(request));
  request.hint = base + page_size;
  request.size = code_size;
  request.protection = memory::protection::read | memory::protection::execute;
  request.fixed = true;
  request.source_page = 1;
  request.label = "[vdso]";
  TRY(space.map(request));
  return base + page_size;
}

}  // namespace osv::linux_abi
