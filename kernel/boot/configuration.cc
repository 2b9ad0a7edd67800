#include "boot/configuration.hh"

#include "base/json.hh"
#include "boot/command_line.hh"
#include "log/log.hh"

namespace osv::boot {

namespace {

template <typename... A>
failure report(string& problem, string_view pattern, const A&... values) {
  problem.clear();
  (void)problem.append(formatted<300>(pattern, values...));
  return fail(errc::invalid);
}

result<> read_strings(json::value array, vector<string>& out) {
  for (json::value v : array) TRY(out.push_back(TRY(string::create(v.text()))));
  return {};
}

void warn_unknown(json::value object, std::initializer_list<string_view> known, string_view where) {
  for (json::value member : object) {
    bool found = false;
    for (string_view k : known) found |= k == member.name();
    if (!found) log::warning("boot.json: {} has a key that this kernel does not know: {}", where, member.name());
  }
}

result<> read_interface(json::value v, net::interface_configuration& out, string& problem) {
  warn_unknown(v, {"addresses", "gateway", "dhcp", "mtu", "mac"}, "network.interfaces");
  for (json::value a : v["addresses"]) {
    auto parsed = net::parse_prefixed(a.text());
    if (!parsed.ok()) return report(problem, "boot.json: \"{}\" is not an address with a prefix length such as 10.0.2.15/24", a.text());
    TRY(out.addresses.push_back(*parsed));
  }
  if (const string_view gateway = v["gateway"].text(); !gateway.empty()) {
    auto parsed = net::parse_address(gateway);
    if (!parsed.ok()) return report(problem, "boot.json: the gateway \"{}\" is not an address", gateway);
    out.gateway = *parsed;
  }
  out.dhcp = v["dhcp"].boolean(out.addresses.empty());
  out.mtu = static_cast<u16>(v["mtu"].integer(0));
  return {};
}

result<> read_network(json::value v, net::configuration& out, string& problem) {
  if (!v.exists()) {
    out.dhcp_everywhere = true;
    return {};
  }
  warn_unknown(v, {"interfaces", "nameservers", "search"}, "network");
  for (json::value i : v["interfaces"]) {
    net::interface_configuration interface;
    TRY(read_interface(i, interface, problem));
    TRY(out.interfaces.push_back(std::move(interface)));
  }
  for (json::value n : v["nameservers"]) {
    auto parsed = net::parse_address(n.text());
    if (!parsed.ok()) return report(problem, "boot.json: the name server \"{}\" is not an address", n.text());
    TRY(out.nameservers.push_back(*parsed));
  }
  return read_strings(v["search"], out.search_domains);
}

}  // namespace

result<> parse_configuration(string_view text, configuration& out, string& problem) {
  json::parse_error error;
  auto parsed = json::document::parse(text, &error);
  if (!parsed.ok()) return report(problem, "boot.json is not valid JSON: {} at byte {}", string_view(error.reason ? error.reason : "no memory"), error.position);
  const json::value root = parsed.value().root();
  warn_unknown(root,
               {"version", "program", "arguments", "environment", "workingDirectory", "user", "hostname", "network", "mounts", "management", "kernel", "stop"},
               "the top level");
  if (root["version"].integer() != 1) return report(problem, "boot.json has version {}, this kernel reads version 1", root["version"].integer());
  if (root["program"].text().empty()) return report(problem, "boot.json names no program");
  out.program = TRY(string::create(root["program"].text()));
  TRY(read_strings(root["arguments"], out.arguments));
  if (out.arguments.empty()) TRY(out.arguments.push_back(TRY(string::create(out.program))));
  TRY(read_strings(root["environment"], out.environment));
  out.working_directory = TRY(string::create(root["workingDirectory"].text()));
  out.user = static_cast<u32>(root["user"]["uid"].integer(0));
  out.group = static_cast<u32>(root["user"]["gid"].integer(0));
  out.hostname = TRY(string::create(root["hostname"].text()));
  TRY(read_network(root["network"], out.network, problem));
  out.network.hostname = TRY(string::create(out.hostname));
  for (json::value m : root["mounts"]) {
    mount_configuration mount;
    mount.serial = TRY(string::create(m["serial"].text()));
    mount.path = TRY(string::create(m["path"].text()));
    mount.type = TRY(string::create(m["type"].text()));
    mount.size_bytes = static_cast<u64>(m["sizeBytes"].integer(0));
    mount.read_only = m["readOnly"].boolean(false);
    mount.format_if_blank = m["formatIfBlank"].boolean(false);
    if (mount.path.empty()) return report(problem, "boot.json: a mount has no path");
    TRY(out.mounts.push_back(std::move(mount)));
  }
  out.management_port = static_cast<u16>(root["management"]["port"].integer(9180));
  out.management_token = TRY(string::create(root["management"]["token"].text()));
  TRY(read_strings(root["kernel"]["tracepoints"], out.tracepoints));
  out.panic_action = TRY(string::create(root["kernel"]["panic"].text()));
  out.log_level = TRY(string::create(root["kernel"]["logLevel"].text()));
  out.stop_delay_seconds = static_cast<u32>(root["stop"]["delaySeconds"].integer(0));
  return {};
}

result<> configuration_from_command_line(string_view command_line, configuration& out) {
  out.arguments = TRY(program_words(command_line));
  if (out.arguments.empty()) return fail(errc::no_entry);
  out.program = TRY(string::create(out.arguments[0]));
  TRY(out.environment.push_back(TRY(string::create("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"))));
  TRY(out.environment.push_back(TRY(string::create("HOME=/"))));
  out.network.dhcp_everywhere = true;
  return {};
}

}  // namespace osv::boot
