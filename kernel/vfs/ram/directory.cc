#include "vfs/ram/directory.hh"

#include "vfs/ram/special.hh"

namespace osv::vfs::ram {

namespace {
// Cookies: our own names by age, then the lower directory's.
constexpr u64 lower_cookies = 1ull << 60;
}  // namespace

directory::~directory() {
  // A loop in the place of recursion, however deep the tree below: the names of a directory that dies with us become ours.
  while (name_entry* e = names_.first()) {
    if (e->target && e->target->is_directory() && e->target->reference_count() == 1) {
      auto& below = static_cast<directory&>(*e->target);
      while (name_entry* child = below.names_.first()) {
        below.names_.erase(*child);
        below.ages_.erase(*child);
        names_.insert(*child);
        ages_.insert(*child);
      }
    }
    erase(*e);
  }
}

directory::name_entry* directory::find(string_view name) {
  name_entry* e = names_.find_first([&](const name_entry& at) { return at.name.view() >= name; });
  return e && e->name.view() == name ? e : nullptr;
}

result<unique<directory::name_entry>> directory::make_entry(string_view name, ref<node> target) {
  auto made = TRY(make_unique<name_entry>());
  TRY(made->name.append(name));
  made->target = std::move(target);
  return made;
}

void directory::put(unique<name_entry> made) {
  if (name_entry* old = find(made->name)) erase(*old);
  name_entry* e = made.release();
  e->age = ++next_age_;
  names_.insert(*e);
  ages_.insert(*e);
  keep();
}

void directory::erase(name_entry& gone) {
  names_.erase(gone);
  ages_.erase(gone);
  delete &gone;
}

result<bool> directory::lower_has(string_view name) {
  if (!lower()) return false;
  auto below = lower()->lookup(name);
  if (below.ok()) return true;
  if (below.error() == errc::no_entry) return false;
  return fail(below.error());
}

result<unique<directory::name_entry>> directory::whiteout_for(string_view name) {
  if (!TRY(lower_has(name))) return unique<name_entry>();
  return make_entry(name, nullptr);
}

void directory::take_out(string_view name, unique<name_entry> whiteout) {
  if (whiteout)
    put(std::move(whiteout));
  else if (name_entry* e = find(name))
    erase(*e);
  touch();
  keep();
}

result<ref<inode>> directory::lookup(string_view name) {
  if (name_entry* e = find(name)) {
    if (!e->target) return fail(errc::no_entry);
    return ref<inode>(e->target);
  }
  if (!lower()) return fail(errc::no_entry);
  return TRY(of().wrap(TRY(lower()->lookup(name))));
}

result<ref<inode>> directory::add_new(string_view name, ref<node> made) {
  put(TRY(make_entry(name, made)));
  if (made->is_directory()) {
    made->set_links(2);
    add_link();
  }
  touch();
  return made;
}

result<ref<inode>> directory::create(string_view name, u32 mode, u64 device) {
  return add_new(name, TRY(of().create_node(mode, device)));
}

result<ref<inode>> directory::create_unnamed(u32 mode) {
  ref<node> made = TRY(of().create_node(mode, 0));
  made->set_links(0);
  return made;
}

result<ref<inode>> directory::create_symlink(string_view name, string_view target) {
  ref<node> made = TRY(of().create_node(io::mode::link | 0777, 0));
  TRY(static_cast<symbolic_link&>(*made).set_target(target));
  return add_new(name, std::move(made));
}

result<> directory::link(string_view name, inode& target) {
  auto& file = static_cast<node&>(target);
  put(TRY(make_entry(name, ref<node>(&file))));
  file.add_link();
  touch();
  return {};
}

result<> directory::unlink(string_view name, inode& child) {
  auto whiteout = TRY(whiteout_for(name));
  ref<node> kept(&static_cast<node&>(child));
  take_out(name, std::move(whiteout));
  kept->remove_link();
  return {};
}

result<bool> directory::is_empty() {
  for (name_entry* e = names_.first(); e; e = names_.next(*e))
    if (e->target) return false;
  if (!lower()) return true;
  bool empty = true;
  TRY(lower()->list(0, [&](string_view name, u64, u8, u64) {
    if (!find(name)) empty = false;
    return empty;
  }));
  return empty;
}

result<> directory::remove_directory(string_view name, inode& child) {
  auto& gone = static_cast<directory&>(child);
  if (!TRY(gone.is_empty())) return fail(errc::not_empty);
  auto whiteout = TRY(whiteout_for(name));
  ref<node> kept(&gone);
  take_out(name, std::move(whiteout));
  gone.set_links(0);
  gone.stop_keeping();
  remove_link();
  return {};
}

result<> directory::rename(string_view name, inode& child, inode& to, string_view new_name, inode* replaced, bool exchange) {
  auto& target = static_cast<directory&>(to);
  ref<node> moved(&static_cast<node&>(child));
  ref<node> other(static_cast<node*>(replaced));
  if (other && other->is_directory() && !exchange && !TRY(static_cast<directory&>(*other).is_empty())) return fail(errc::not_empty);
  auto arriving = TRY(make_entry(new_name, moved));
  unique<name_entry> left = exchange ? TRY(make_entry(name, other)) : TRY(whiteout_for(name));
  // Nothing fails from here on.
  take_out(name, std::move(left));
  target.put(std::move(arriving));
  target.touch();
  moved->touch_changed();
  if (exchange) {
    other->touch_changed();
    if (moved->is_directory() != other->is_directory()) {
      directory& loses = moved->is_directory() ? *this : target;
      directory& gains = moved->is_directory() ? target : *this;
      loses.remove_link();
      gains.add_link();
    }
    return {};
  }
  if (moved->is_directory() && &target != this) {
    remove_link();
    target.add_link();
  }
  if (other && other->is_directory()) {
    other->set_links(0);
    other->stop_keeping();
    target.remove_link();
  } else if (other) {
    other->remove_link();
  }
  return {};
}

result<> directory::list(u64 from, io::directory_sink sink) {
  if (from < lower_cookies) {
    for (name_entry* e = ages_.find_first([&](const name_entry& at) { return at.age > from; }); e; e = ages_.next(*e))
      if (e->target && !sink(e->name, e->target->number(), directory_type(e->target->mode()), e->age)) return {};
    from = lower_cookies;
  }
  if (!lower()) return {};
  return lower()->list(from - lower_cookies, [&](string_view name, u64 number, u8 type, u64 next) {
    return find(name) || sink(name, number, type, lower_cookies + next);
  });
}

}  // namespace osv::vfs::ram
