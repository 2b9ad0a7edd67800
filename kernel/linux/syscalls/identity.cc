// Who the program is: user and group ids, process, group and session ids, capabilities. There is one process, it is
// number 1, and nothing is forbidden to it by its ids: the virtual machine is the wall.
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"
#include "sched/scheduler.hh"

namespace osv::linux_abi {

u32 sys_getpid() { return current_process().id; }
u32 sys_gettid() { return sched::current().id; }
u32 sys_getppid() { return 0; }  // as the first process of a pid namespace sees it (pid_namespaces(7))

u32 sys_getuid() { return current_process().identity.real_user; }
u32 sys_geteuid() { return current_process().identity.effective_user; }
u32 sys_getgid() { return current_process().identity.real_group; }
u32 sys_getegid() { return current_process().identity.effective_group; }

namespace {

constexpr u32 unchanged = ~0u;

/// Ids of one kind, users or groups: real, effective, saved.
struct id_triple {
  u32 &real, &effective, &saved;

  bool may_be(u32 id, bool privileged) const {
    return privileged || id == unchanged || id == real || id == effective || id == saved;
  }
  /// setresuid(2).
  result<> set(u32 r, u32 e, u32 s, bool privileged) {
    if (!may_be(r, privileged) || !may_be(e, privileged) || !may_be(s, privileged)) return fail(errc::not_permitted);
    if (r != unchanged) real = r;
    if (e != unchanged) effective = e;
    if (s != unchanged) saved = s;
    return {};
  }
  /// setreuid(2): the saved id follows the effective one when the real one is set or the effective one leaves the real one.
  result<> set_real_effective(u32 r, u32 e, bool privileged) {
    const u32 old_real = real;
    if (!privileged && r != unchanged && r != real && r != effective) return fail(errc::not_permitted);
    TRY(set(r, e, unchanged, privileged));
    if (r != unchanged || (e != unchanged && e != old_real)) saved = effective;
    return {};
  }
  /// setuid(2).
  result<> set_one(u32 id, bool privileged) {
    if (id == unchanged) return fail(errc::invalid);
    return privileged ? set(id, id, id, true) : set(unchanged, id, unchanged, false);
  }
  result<> store(u32* r, u32* e, u32* s) const {
    TRY(memory::write_program(r, real));
    TRY(memory::write_program(e, effective));
    return memory::write_program(s, saved);
  }
};

id_triple users() {
  credentials& c = current_process().identity;
  return {c.real_user, c.effective_user, c.saved_user};
}
id_triple groups() {
  credentials& c = current_process().identity;
  return {c.real_group, c.effective_group, c.saved_group};
}
bool privileged() { return current_process().identity.effective_user == 0; }

}  // namespace

result<> sys_setuid(u32 id) { return users().set_one(id, privileged()); }
result<> sys_setgid(u32 id) { return groups().set_one(id, privileged()); }
result<> sys_setreuid(u32 real, u32 effective) { return users().set_real_effective(real, effective, privileged()); }
result<> sys_setregid(u32 real, u32 effective) { return groups().set_real_effective(real, effective, privileged()); }
result<> sys_setresuid(u32 real, u32 effective, u32 saved) { return users().set(real, effective, saved, privileged()); }
result<> sys_setresgid(u32 real, u32 effective, u32 saved) { return groups().set(real, effective, saved, privileged()); }
result<> sys_getresuid(u32* real, u32* effective, u32* saved) { return users().store(real, effective, saved); }
result<> sys_getresgid(u32* real, u32* effective, u32* saved) { return groups().store(real, effective, saved); }

// The file system's ids follow the effective ones; the old value is the answer, also on failure (setfsuid(2)).
u32 sys_setfsuid(u32) { return current_process().identity.effective_user; }
u32 sys_setfsgid(u32) { return current_process().identity.effective_group; }

result<u32> sys_getgroups(i32 size, u32* into) {
  const auto& supplementary = current_process().groups;
  if (size < 0) return fail(errc::invalid);
  const auto count = static_cast<u32>(supplementary.size());
  if (size == 0) return count;
  if (static_cast<u32>(size) < count) return fail(errc::invalid);
  TRY(memory::copy_to_program(into, supplementary.data(), count * sizeof(u32)));
  return count;
}

result<> sys_setgroups(usize size, const u32* from) {
  constexpr usize groups_max = 65536;
  if (!privileged()) return fail(errc::not_permitted);
  if (size > groups_max) return fail(errc::invalid);
  vector<u32> groups;
  TRY(groups.resize(size));
  TRY(memory::copy_from_program(groups.data(), from, size * sizeof(u32)));
  current_process().groups = std::move(groups);
  return {};
}

namespace {
result<> check_process(u32 id) {
  if (id != 0 && id != current_process().id) return fail(errc::no_such_process);
  return {};
}
}  // namespace

result<u32> sys_getpgid(u32 process_id) {
  TRY(check_process(process_id));
  return current_process().id;
}
u32 sys_getpgrp() { return current_process().id; }
result<u32> sys_getsid(u32 process_id) { return sys_getpgid(process_id); }
result<> sys_setpgid(u32 process_id, u32 group) {
  TRY(check_process(process_id));
  if (group != 0 && group != current_process().id) return fail(errc::not_permitted);
  return {};
}
// The process leads its group already, which setsid(2) answers with EPERM.
result<u32> sys_setsid() { return fail(errc::not_permitted); }

namespace {

/// capget(2): headers of the three versions; 64-bit capability sets are two of these.
struct capability_header {
  u32 version;
  i32 process;
};
struct capability_words {
  u32 effective, permitted, inheritable;
};
constexpr u32 version_1 = 0x19980330, version_2 = 0x20071026, version_3 = 0x20080522;

/// How many words the caller's version has. An unknown version is answered with the one wanted.
result<unsigned> words_of(capability_header* pointer, bool probing) {
  auto header = TRY(memory::read_program<capability_header>(pointer));
  if (header.version == version_1 || header.version == version_2 || header.version == version_3) {
    if (header.process < 0) return fail(errc::invalid);
    TRY(check_process(static_cast<u32>(header.process)));
    return header.version == version_1 ? 1u : 2u;
  }
  header.version = version_3;
  TRY(memory::write_program(pointer, header));
  if (probing) return 0u;
  return fail(errc::invalid);
}

}  // namespace

result<> sys_capget(void* header, void* data) {
  const unsigned words = TRY(words_of(static_cast<capability_header*>(header), !data));
  if (!data) return {};
  const capability_sets& c = current_process().capabilities;
  capability_words out[2];
  for (unsigned i = 0; i < words; ++i)
    out[i] = {static_cast<u32>(c.effective >> (32 * i)), static_cast<u32>(c.permitted >> (32 * i)),
              static_cast<u32>(c.inheritable >> (32 * i))};
  return memory::copy_to_program(data, out, words * sizeof out[0]);
}

result<> sys_capset(void* header, const void* data) {
  const unsigned words = TRY(words_of(static_cast<capability_header*>(header), false));
  capability_words in[2] = {};
  TRY(memory::copy_from_program(in, data, words * sizeof in[0]));
  capability_sets wanted;
  wanted.effective = in[0].effective | static_cast<u64>(in[1].effective) << 32;
  wanted.permitted = in[0].permitted | static_cast<u64>(in[1].permitted) << 32;
  wanted.inheritable = in[0].inheritable | static_cast<u64>(in[1].inheritable) << 32;
  capability_sets& present = current_process().capabilities;
  if (wanted.permitted & ~present.permitted || wanted.effective & ~wanted.permitted) return fail(errc::not_permitted);
  present = wanted;
  return {};
}

}  // namespace osv::linux_abi
