#include "linux/unix_names.hh"

#include "base/format.hh"

#include "linux/process.hh"

namespace osv::linux_abi {

namespace {

constexpr usize path_offset = 2;   // of sun_path in struct sockaddr_un
constexpr usize path_size = 108;
constexpr usize names_max = 65536;

struct name_entry {
  unix_endpoint* endpoint;
  u64 device, inode;  // 0, 0: abstract
};

struct name_table {
  sync::mutex mutex;
  vector<name_entry> entries;  // guarded by mutex
  u32 next_automatic = 0;
};
name_table names;

bool is_abstract(const io::socket_address& a) { return a.length > path_offset && a.bytes[path_offset] == 0; }
string_view text_of(const io::socket_address& a) {
  return {reinterpret_cast<const char*>(a.bytes) + path_offset, a.length - path_offset};
}
string_view path_of_name(const io::socket_address& a) {
  const string_view text = text_of(a);
  const usize end = text.find('\0');
  return end == string_view::npos ? text : text.substr(0, end);
}

result<> check(const io::socket_address& a) {
  if (a.length < path_offset || a.length > path_offset + path_size || a.family() != 1) return fail(errc::invalid);
  return {};
}

unix_endpoint* find_abstract(string_view text) {
  for (const name_entry& e : names.entries)
    if (e.inode == 0 && text_of(e.endpoint->name) == text) return e.endpoint;
  return nullptr;
}

result<> add(const ref<unix_endpoint>& endpoint, const io::socket_address& name, u64 device, u64 inode) {
  if (names.entries.size() >= names_max) return fail(errc::no_memory);
  TRY(names.entries.push_back({endpoint.get(), device, inode}));
  lock::guard g(endpoint->state_lock);
  endpoint->name = name;
  return {};
}

/// unix(7), "Autobind feature": a NUL and five hexadecimal digits.
io::socket_address automatic_name() {
  io::socket_address name;
  name.bytes[0] = 1;
  for (;;) {
    const formatted<8> digits("{:05x}", names.next_automatic++ & 0xfffff);
    name.bytes[path_offset] = 0;
    __builtin_memcpy(name.bytes + path_offset + 1, digits.c_str(), 5);
    name.length = path_offset + 6;
    if (!find_abstract(text_of(name))) return name;
  }
}

}  // namespace

result<> bind_unix_name(const ref<unix_endpoint>& endpoint, const io::socket_address& address) {
  TRY(check(address));
  if (endpoint->name.length) return fail(errc::invalid);
  if (address.length == path_offset || is_abstract(address)) {
    sync::mutex_guard g(names.mutex);
    const io::socket_address name = address.length == path_offset ? automatic_name() : address;
    if (find_abstract(text_of(name))) return fail(errc::address_in_use);
    return add(endpoint, name, 0, 0);
  }
  const string_view path = path_of_name(address);
  process& owner = current_process();
  const vfs::lookup_base base = path[0] == '/' ? vfs::lookup_base() : owner.working_directory.base();
  const u32 mode = 0777 & ~owner.file_mode_mask.load(std::memory_order_relaxed);
  if (auto made = vfs::make_node(base, path, io::mode::socket | mode, 0); !made.ok())
    return fail(made.error() == errc::exists ? errc::address_in_use : made.error());
  io::file_status status;
  TRY(vfs::stat(base, path, vfs::at_flag::symlink_no_follow, status));
  io::socket_address name = address;
  name.length = static_cast<u32>(path_offset + path.size() + 1);
  if (name.length <= sizeof name.bytes) name.bytes[name.length - 1] = 0;
  sync::mutex_guard g(names.mutex);
  return add(endpoint, name, status.device, status.inode);
}

result<ref<unix_endpoint>> find_unix_name(const io::socket_address& address, unix_type type) {
  TRY(check(address));
  if (address.length == path_offset) return fail(errc::invalid);
  ref<unix_endpoint> found;
  if (is_abstract(address)) {
    sync::mutex_guard g(names.mutex);
    found = ref<unix_endpoint>(find_abstract(text_of(address)));
  } else {
    const string_view path = path_of_name(address);
    const vfs::lookup_base base = path[0] == '/' ? vfs::lookup_base() : current_process().working_directory.base();
    io::file_status status;
    TRY(vfs::stat(base, path, 0, status));
    if ((status.mode & io::mode::type_mask) != io::mode::socket) return fail(errc::connection_refused);
    sync::mutex_guard g(names.mutex);
    for (const name_entry& e : names.entries)
      if (e.inode && e.inode == status.inode && e.device == status.device) found = ref<unix_endpoint>(e.endpoint);
  }
  if (!found) return fail(errc::connection_refused);
  if (found->type != type) return fail(errc::wrong_protocol_type);
  return found;
}

void forget_unix_name(unix_endpoint& endpoint) {
  if (!endpoint.name.length) return;
  sync::mutex_guard g(names.mutex);
  for (usize i = 0; i < names.entries.size(); ++i) {
    if (names.entries[i].endpoint != &endpoint) continue;
    names.entries.erase_unordered(i);
    return;
  }
}

void visit_unix_names(function_ref<void(unix_endpoint&)> visitor) {
  sync::mutex_guard g(names.mutex);
  for (const name_entry& e : names.entries) visitor(*e.endpoint);
}

}  // namespace osv::linux_abi
