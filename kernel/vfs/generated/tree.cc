#include "vfs/generated/tree.hh"

namespace osv::vfs {

namespace {

u32 mode_of(const generated_item& item) {
  switch (item.type) {
    case generated_item::kind::directory:
      return io::mode::directory | 0555;
    case generated_item::kind::link:
      return io::mode::link | 0777;
    default:
      return io::mode::regular | item.permissions;
  }
}

u8 type_of(generated_item::kind type) {
  return type == generated_item::kind::directory ? 4 : type == generated_item::kind::link ? 10 : 8;  // DT_DIR, DT_LNK, DT_REG
}

registered_name* find_child_name(registered_name& parent, string_view name) {
  for (registered_name& child : parent.children)
    if (child.name.view() == name) return &child;
  return nullptr;
}

/// Inode numbers of what providers make: the same for the same name, above every registered one.
u64 provided_number(u64 argument, string_view name) {
  u64 h = argument * 0x9e3779b97f4a7c15ull + 0x1234567;
  for (char c : name) h = (h ^ static_cast<u8>(c)) * 0x100000001b3ull;  // FNV-1a
  return (h >> 24) | 1ull << 40;
}

}  // namespace

generated_item generated_item::file(text_generator generate, u32 permissions) {
  generated_item item;
  item.generate = generate;
  item.permissions = permissions;
  return item;
}

generated_item generated_item::writable_file(text_generator generate, text_receiver receive, u32 permissions) {
  generated_item item = file(generate, permissions);
  item.receive = receive;
  return item;
}

generated_item generated_item::link(text_generator target) {
  generated_item item;
  item.type = kind::link;
  item.generate = target;
  return item;
}

generated_item generated_item::file_link(ref<io::file> file) {
  generated_item item;
  item.type = kind::link;
  item.target = std::move(file);
  return item;
}

generated_item generated_item::directory(generated_provider& entries, u64 argument) {
  generated_item item;
  item.type = kind::directory;
  item.entries = &entries;
  item.argument = argument;
  return item;
}

result<> generated_tree::add_text(string_view path, const char* text) {
  return add_file(path, [text](text_sink& out) -> result<> {
    out.put(string_view(text));
    return {};
  });
}

generated_file_system::generated_file_system(string_view type, u64 magic, u64 file_size)
    : file_system(type, false), magic_(magic), file_size_(file_size) {
  root_.item.type = generated_item::kind::directory;
  root_.number = next_number_++;
}

result<ref<inode>> generated_file_system::root() {
  return TRY(osv::make_ref<generated_inode>(*this, root_.number, root_.item, &root_));
}

result<> generated_file_system::status(file_system_status& out) {
  out.magic = magic_;
  return {};
}

result<registered_name*> generated_file_system::make_path(string_view path, bool& made) {
  registered_name* at = &root_;
  made = false;
  while (!path.empty()) {
    const usize slash = path.find('/');
    const string_view name = path.substr(0, slash);
    path = slash == string_view::npos ? string_view() : path.substr(slash + 1);
    if (name.empty() || name.size() > name_max) return fail(errc::invalid);
    if (at->item.type != generated_item::kind::directory) return fail(errc::not_directory);
    registered_name* child = find_child_name(*at, name);
    made = !child;
    if (!child) {
      auto created = TRY(osv::make_unique<registered_name>());
      TRY(created->name.append(name));
      created->item.type = generated_item::kind::directory;
      created->number = next_number_++;
      child = created.release();
      at->children.push_back(*child);
    }
    at = child;
  }
  return at;
}

result<> generated_file_system::add(string_view path, generated_item item) {
  sync::mutex_guard g(lock_);
  bool made;
  registered_name* at = TRY(make_path(path, made));
  // A directory that was made on the way to something below may get its provider later.
  const bool completes = item.type == generated_item::kind::directory && at->item.type == item.type && !at->item.entries;
  if (!made && !completes) return fail(errc::exists);
  at->item = std::move(item);
  return {};
}

result<> generated_file_system::add_directory(string_view path) {
  sync::mutex_guard g(lock_);
  bool made;
  if (TRY(make_path(path, made))->item.type != generated_item::kind::directory) return fail(errc::exists);
  return {};
}

generated_inode::generated_inode(generated_file_system& owner, u64 number, generated_item item, registered_name* registered)
    : inode(owner, number, mode_of(item)), item_(std::move(item)), registered_(registered) {}

result<> generated_inode::status(io::file_status& out) {
  out = {};
  out.device = owner().device();
  out.inode = number();
  out.mode = mode();
  out.links = is_directory() ? 2 : 1;
  out.size = is_regular() ? of().file_size() : 0;
  return {};
}

result<ref<inode>> generated_inode::lookup(string_view name) {
  if (!is_directory()) return fail(errc::not_directory);
  if (registered_) {
    sync::mutex_guard g(of().names_lock());
    if (registered_name* child = find_child_name(*registered_, name))
      return TRY(osv::make_ref<generated_inode>(of(), child->number, child->item, child));
  }
  if (!item_.entries) return fail(errc::no_entry);
  generated_item found = TRY(item_.entries->find(item_.argument, name));
  return TRY(osv::make_ref<generated_inode>(of(), provided_number(item_.argument, name), std::move(found), nullptr));
}

result<> generated_inode::list(u64 from, io::directory_sink sink) {
  // Cookies: ordinals for names, and far above them a number's own value.
  constexpr u64 numbers = 1ull << 40;
  u64 ordinal = 0;
  bool room = true;
  if (registered_) {
    sync::mutex_guard g(of().names_lock());
    for (registered_name& child : registered_->children) {
      if (++ordinal <= from) continue;
      if (!sink(child.name, child.number, type_of(child.item.type), ordinal)) return {};
    }
  }
  if (!item_.entries) return {};
  return item_.entries->list(item_.argument, [&](string_view name, generated_item::kind type) {
    u64 cookie = ++ordinal;
    u64 value = 0;
    bool is_number = !name.empty();
    for (char c : name) {
      is_number = is_number && c >= '0' && c <= '9';
      value = value * 10 + static_cast<u64>(c - '0');
    }
    if (is_number && value < numbers) cookie = numbers + value;
    if (cookie <= from) return true;
    room = sink(name, provided_number(item_.argument, name), type_of(type), cookie);
    return room;
  });
}

result<string> generated_inode::link_target() {
  if (!is_symlink()) return fail(errc::invalid);
  if (item_.target) return path_of(*item_.target);
  text_sink out;
  TRY(item_.generate(out));
  if (out.failed()) return fail(errc::no_memory);
  return out.take();
}

result<ref<io::file>> generated_inode::link_file() {
  if (!item_.target) return fail(errc::no_data);
  return item_.target;
}

result<ref<io::file>> generated_inode::open(const location& at, u32 flags) {
  if (!is_regular()) return inode::open(at, flags);
  const bool writes = (flags & io::open_flag::access_mask) != io::open_flag::read_only;
  if (writes && !item_.receive) return fail(errc::access);
  return TRY(osv::make_ref<generated_file>(at, flags, item_));
}

result<usize> generated_file::read_locked(io::cursor& into, u64 offset) {
  if (offset == 0 || !made_) {
    text_sink out;
    if (item_.generate) TRY(item_.generate(out));
    if (out.failed()) return fail(errc::no_memory);
    text_ = out.take();
    made_ = true;
  }
  if (offset >= text_.size()) return 0ul;
  return into.put(text_.c_str() + offset, text_.size() - offset);
}

result<usize> generated_file::read(io::cursor& into) {
  if (!readable()) return fail(errc::bad_file);
  sync::mutex_guard g(lock_);
  const usize n = TRY(read_locked(into, position_));
  position_ += n;
  return n;
}

result<usize> generated_file::read_at(io::cursor& into, u64 offset) {
  if (!readable()) return fail(errc::bad_file);
  sync::mutex_guard g(lock_);
  return read_locked(into, offset);
}

result<usize> generated_file::write(io::cursor& from) {
  if (!writable()) return fail(errc::bad_file);
  const usize wanted = from.remaining() < page_size ? from.remaining() : page_size;
  auto bytes = TRY(buffer<char>::create(wanted));
  const usize n = TRY(from.take(bytes.data(), wanted));
  TRY(item_.receive(string_view(bytes.data(), n)));
  return n;
}

result<u64> generated_file::seek(i64 offset, int whence) {
  sync::mutex_guard g(lock_);
  if (whence > 1) return fail(errc::invalid);
  const i64 to = (whence == 1 ? static_cast<i64>(position_) : 0) + offset;
  if (to < 0) return fail(errc::invalid);
  position_ = static_cast<u64>(to);
  return position_;
}

namespace {

/// Registered content points into the layers above, so the trees live for ever: in their own room, never freed.
struct room {
  alignas(generated_file_system) u8 bytes[sizeof(generated_file_system)];
};
constinit room proc_room{}, sys_room{};

}  // namespace

generated_file_system& proc_file_system() {
  static generated_file_system& instance = *new (proc_room.bytes) generated_file_system("proc", 0x9fa0, 0);
  return instance;
}
generated_file_system& sys_file_system() {
  static generated_file_system& instance = *new (sys_room.bytes) generated_file_system("sysfs", 0x62656572, 4096);
  return instance;
}

generated_tree& proc() { return proc_file_system(); }
generated_tree& sys() { return sys_file_system(); }

}  // namespace osv::vfs
