#include "io/socket_file.hh"

namespace osv::io {

namespace {
constexpr int families_max = 46;  // AF_MAX
socket_creator creators[families_max];
}  // namespace

void register_socket_family(int family, socket_creator creator) {
  ASSERT(family >= 0 && family < families_max);
  creators[family] = creator;
}

result<ref<file>> create_socket(int family, int type, int protocol, u32 file_flags) {
  if (family < 0 || family >= families_max || !creators[family]) return fail(errc::address_family_not_supported);
  return creators[family](type, protocol, file_flags);
}

}  // namespace osv::io
