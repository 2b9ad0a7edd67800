#include "vfs/walk.hh"

#include "vfs/open_file.hh"

namespace osv::vfs {

namespace {
bool is_directory(const location& at) { return at.at().node() && at.at().node()->is_directory(); }
}  // namespace

result<> walker::step_up() {
  // ".." of a mount's root is ".." of what it is mounted on; ".." of the root is the root.
  location here = current_;
  while (&here.at() == &here.mount().root()) {
    location on = here.mount().mounted_on();
    if (!on) {
      current_ = here;
      return {};
    }
    here = on;
  }
  ref<entry> above = here.at().parent();
  current_ = cross_mounts(location(ref<mount_point>(&here.mount()), std::move(above)));
  return {};
}

result<> walker::enter_link(inode& link, string_view rest, bool& moved) {
  if (++links_ > symlinks_max) return fail(errc::symlink_loop);
  moved = false;
  auto leads_to = link.link_file();
  if (leads_to.ok()) {
    file_ = leads_to.release();
    if (open_file* opened = file_->as_open_file()) {
      object_ = opened->at();
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
  if (rest_.front() == '/') current_ = root_location();
  return {};
}

result<> walker::to_parent(string_view path) {
  if (path.empty()) return fail(errc::no_entry);
  if (path.size() >= path_max) return fail(errc::name_too_long);
  rest_ = path;
  if (rest_.front() == '/') current_ = root_location();
  for (;;) {
    while (!rest_.empty() && rest_.front() == '/') rest_.remove_prefix(1);
    const usize length = rest_.find('/') == string_view::npos ? rest_.size() : rest_.find('/');
    const string_view name = rest_.substr(0, length);
    string_view behind = rest_.substr(length);
    const bool slash = !behind.empty();
    while (!behind.empty() && behind.front() == '/') behind.remove_prefix(1);
    if (!is_directory(current_)) return fail(errc::not_directory);
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
    ref<entry> child = TRY(find_child(current_.at(), name));
    if (child->negative()) return fail(errc::no_entry);
    if (child->node()->is_symlink()) {
      bool moved;
      TRY(enter_link(*child->node(), behind, moved));
      if (moved) {
        if (file_) return fail(errc::not_directory);
        current_ = object_;
        object_ = location();
      }
      continue;
    }
    current_ = cross_mounts(location(ref<mount_point>(&current_.mount()), std::move(child)));
  }
}

result<> walker::finish(bool follow) {
  for (;;) {
    if (last_.empty() || last_ == ".") {
      if (!is_directory(current_)) return fail(errc::not_directory);
      object_ = current_;
      return {};
    }
    if (last_ == "..") {
      TRY(step_up());
      object_ = current_;
      return {};
    }
    ref<entry> child = TRY(find_child(current_.at(), last_));
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
      if (slash && !(object_ && is_directory(object_))) return fail(errc::not_directory);
      return {};
    }
    object_ = cross_mounts(location(ref<mount_point>(&current_.mount()), std::move(child)));
    if (trailing_slash_ && !is_directory(object_)) return fail(errc::not_directory);
    return {};
  }
}

}  // namespace osv::vfs
