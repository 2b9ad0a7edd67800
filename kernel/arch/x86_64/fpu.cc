#include "arch/x86_64/fpu.hh"

#include <cstring>

namespace osv::arch {

void initialize_fpu_area(void* area) {
  std::memset(area, 0, features.xsave_size);
  auto* bytes = static_cast<u8*>(area);
  const u16 control_word = 0x37f;
  const u32 mxcsr = 0x1f80;
  std::memcpy(bytes, &control_word, sizeof control_word);
  std::memcpy(bytes + 24, &mxcsr, sizeof mxcsr);
  if (features.xsave) {
    const u64 present = 3;  // XSTATE_BV: x87 and SSE come from the area, the rest is in its initial state
    std::memcpy(bytes + 512, &present, sizeof present);
  }
}

}  // namespace osv::arch
