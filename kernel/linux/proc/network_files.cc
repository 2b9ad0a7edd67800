// /proc/net/unix. The files of the Internet protocols are the network stack's own knowledge.
#include "linux/proc/proc.hh"
#include "linux/unix_names.hh"

namespace osv::linux_abi {

namespace {

result<> unix_sockets(vfs::text_sink& out) {
  out.put("Num       RefCount Protocol Flags    Type St Inode Path\n");
  visit_unix_names([&](unix_endpoint& e) {
    out.print("0000000000000000: {:08x} 00000000 {:08x} {:04x} {} {:5} ", e.reference_count(), e.listening.load() ? 0x10000u : 0u,
              static_cast<u32>(e.type), e.connected.load() ? "03" : "01", 0);
    for (u32 i = 2; i < e.name.length; ++i) {
      const char c = static_cast<char>(e.name.bytes[i]);
      if (c)
        out.put(c);
      else if (i == 2)
        out.put('@');
    }
    out.put('\n');
  });
  return {};
}

}  // namespace

result<> register_network_files() {
  TRY(vfs::proc().add_link("net", [](vfs::text_sink& out) -> result<> {
    out.put("1/net");
    return {};
  }));
  return vfs::proc().add_file("1/net/unix", &unix_sockets);
}

}  // namespace osv::linux_abi
