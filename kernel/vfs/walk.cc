#include "vfs/walk.hh"

#include "vfs/open_file.hh"

namespace osv::vfs {

namespace {
bool is_directory(const entry& at) { return at.node() && at.node()->is_directory(); }

/// Length of the first component. Names are short: a plain loop beats a call.
usize component_length(string_view path) {
  usize n = 0;
  while (n < path.size() && path[n] != '/') ++n;
  return n;
}
}  // namespace

void walker::enter(const location& at) {
  mount_ = ref<mount_point>(&at.mount());
  current_ = ref<entry>(&at.at());
}

void walker::enter_root() {
  mount_point& root = root_mount_point();
  mount_ = ref<mount_point>(&root);
  current_ = root.root_ref();
}

ref<entry> walker::crossed(ref<entry> child) {
  if (!child->mounts.load(std::memory_order_relaxed)) [[likely]]
    return child;
  location at = cross_mounts(location(mount_, std::move(child)));
  mount_ = ref<mount_point>(&at.mount());
  return ref<entry>(&at.at());
}

result<> walker::step_up() {
  // ".." of a mount's root is ".." of what it is mounted on; ".." of the root is the root.
  while (current_.get() == &mount_->root()) {
    location on = mount_->mounted_on();
    if (!on) return {};
    enter(on);
  }
  current_ = crossed(current_->parent());
  return {};
}

result<> walker::enter_link(inode& link, string_view rest, bool& moved) {
  if (++links_ > symlinks_max) return fail(errc::symlink_loop);
  moved = false;
  auto leads_to = link.link_file();
  if (leads_to.ok()) {
    file_ = leads_to.release();
    if (open_file* opened = file_->as_open_file()) {
      mount_ = ref<mount_point>(&opened->at().mount());
      object_ = ref<entry>(&opened->at().at());
      file_ = nullptr;
    }
    moved = true;
    return {};
  }
  if (leads_to.error() != errc::no_data) return fail(leads_to.error());
  string target = TRY(link.link_target());
  if (target.empty()) return fail(errc::no_entry);
  if (target.size() + rest.size() + 2 > path_max) return fail(errc::name_too_long);
  if (!rest.empty()) {
    TRY(target.push_back('/'));
    TRY(target.append(rest));
  }
  owned_ = std::move(target);
  rest_ = owned_.view();
  if (rest_.front() == '/') enter_root();
  return {};
}

result<> walker::to_parent(string_view path) {
  if (path.empty()) return fail(errc::no_entry);
  if (path.size() >= path_max) return fail(errc::name_too_long);
  rest_ = path;
  if (rest_.front() == '/') enter_root();
  for (;;) {
    while (!rest_.empty() && rest_.front() == '/') rest_.remove_prefix(1);
    const string_view name = rest_.substr(0, component_length(rest_));
    string_view behind = rest_.substr(name.size());
    const bool slash = !behind.empty();
    while (!behind.empty() && behind.front() == '/') behind.remove_prefix(1);
    if (!is_directory(*current_)) return fail(errc::not_directory);
    if (behind.empty()) {
      last_ = name;
      trailing_slash_ = slash;
      return {};
    }
    rest_ = behind;
    if (name == ".") continue;
    if (name == "..") {
      TRY(step_up());
      continue;
    }
    ref<entry> child = TRY(find_child(*current_, name));
    if (child->negative()) return fail(errc::no_entry);
    if (child->node()->is_symlink()) {
      bool moved;
      TRY(enter_link(*child->node(), behind, moved));
      if (moved) {
        if (file_) return fail(errc::not_directory);
        current_ = std::move(object_);
      }
      continue;
    }
    current_ = crossed(std::move(child));
  }
}

result<> walker::finish(bool follow) {
  for (;;) {
    if (last_.empty() || last_ == ".") {
      if (!is_directory(*current_)) return fail(errc::not_directory);
      object_ = current_;
      return {};
    }
    if (last_ == "..") {
      TRY(step_up());
      object_ = current_;
      return {};
    }
    ref<entry> child = TRY(find_child(*current_, last_));
    if (child->negative()) return fail(errc::no_entry);
    if (child->node()->is_symlink() && (follow || trailing_slash_)) {
      bool moved;
      const bool slash = trailing_slash_;
      TRY(enter_link(*child->node(), "", moved));
      if (!moved) {
        // The target is a path of its own; its last component is ours now. last_ points into owned_.
        TRY(to_parent(owned_.view()));
        trailing_slash_ |= slash;
        continue;
      }
      if (slash && !(object_ && is_directory(*object_))) return fail(errc::not_directory);
      return {};
    }
    object_ = crossed(std::move(child));
    if (trailing_slash_ && !is_directory(*object_)) return fail(errc::not_directory);
    return {};
  }
}

}  // namespace osv::vfs
