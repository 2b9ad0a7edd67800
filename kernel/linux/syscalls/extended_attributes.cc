// xattr(7): no file system here stores extended attributes, so nothing has one, and none can be set.
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"

namespace osv::linux_abi {

namespace {

result<> must_exist(const char* path, u32 at_flags) {
  const auto at = TRY(path_argument::from(at_current_directory, path));
  io::file_status status;
  return vfs::stat(at.base, at.path, at_flags, status);
}

}  // namespace

result<> sys_getxattr(const char* path, const char*) {
  TRY(must_exist(path, 0));
  return fail(errc::no_data);
}
result<> sys_lgetxattr(const char* path, const char*) {
  TRY(must_exist(path, vfs::at_flag::symlink_no_follow));
  return fail(errc::no_data);
}
result<> sys_fgetxattr(int fd, const char*) {
  (void)TRY(file_of(fd));
  return fail(errc::no_data);
}
result<> sys_listxattr(const char* path) { return must_exist(path, 0); }
result<> sys_llistxattr(const char* path) { return must_exist(path, vfs::at_flag::symlink_no_follow); }
result<> sys_flistxattr(int fd) {
  (void)TRY(file_of(fd));
  return {};
}
result<> sys_setxattr(const char* path) {
  TRY(must_exist(path, 0));
  return fail(errc::not_supported);
}
result<> sys_lsetxattr(const char* path) {
  TRY(must_exist(path, vfs::at_flag::symlink_no_follow));
  return fail(errc::not_supported);
}
result<> sys_fsetxattr(int fd) {
  (void)TRY(file_of(fd));
  return fail(errc::not_supported);
}

}  // namespace osv::linux_abi
