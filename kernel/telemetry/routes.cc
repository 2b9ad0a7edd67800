#include "telemetry/routes.hh"

#include <cstring>

#include "base/json.hh"
#include "telemetry/exposition.hh"
#include "telemetry/sources.hh"

namespace osv::telemetry {

namespace {

constexpr usize token_max = 256;
constinit char token_bytes[token_max];
constinit usize token_size = 0;
constinit management_hooks hooks_;

result<> serve_metrics(const http_request& request, http_response& response) {
  const exposition_format format = format_for(request.accept);
  response.content_type = content_type(format);
  return write_metrics(response.body, format);
}

result<> serve_health(const http_request&, http_response& response) {
  if (!hooks_.program_running || !hooks_.program_running()) {
    set_error(response, 503, "the program does not run");
    return {};
  }
  json::writer w(response.body);
  return w.begin_object().member("status", "running").end_object().status();
}

result<> power_off(const http_request&, http_response& response) {
  if (!hooks_.power_off) {
    set_error(response, 503, "this machine cannot be switched off by its kernel");
    return {};
  }
  response.status = 202;
  hooks_.power_off();
  json::writer w(response.body);
  return w.begin_object().member("status", "stopping").end_object().status();
}

struct route {
  std::string_view path;
  http_method method;
  bool needs_token;
  result<> (*handler)(const http_request&, http_response&);
};
constexpr route routes[] = {
    {"/metrics", http_method::get, false, serve_metrics},
    {"/health", http_method::get, false, serve_health},
    {"/api/v1/threads", http_method::get, true, serve_threads},
    {"/api/v1/memory", http_method::get, true, serve_memory},
    {"/api/v1/missing", http_method::get, true, serve_missing},
    {"/api/v1/self-checks", http_method::get, true, serve_self_checks},
    {"/api/v1/log", http_method::get, true, serve_log},
    {"/api/v1/tracepoints", http_method::get, true, serve_tracepoints},
    {"/api/v1/tracepoints", http_method::post, true, change_tracepoints},
    {"/api/v1/tracepoints/events", http_method::get, true, serve_trace_events},
    {"/api/v1/poweroff", http_method::post, true, power_off},
};

/// The methods that a path knows, as the field Allow shows them; empty if the path is unknown.
std::string_view methods_of(std::string_view path) {
  bool get = false, post = false;
  for (const route& r : routes) {
    if (r.path != path) continue;
    (r.method == http_method::get ? get : post) = true;
  }
  if (get) return post ? "GET, HEAD, POST" : "GET, HEAD";
  return post ? "POST" : "";
}

management_result kind_of(u16 status) {
  switch (status) {
    case 200:
    case 202:
      return management_result::ok;
    case 401:
      return management_result::unauthorized;
    case 404:
      return management_result::not_found;
    case 503:
      return management_result::too_many;
    default:
      return management_result::bad_request;
  }
}

void route_request(const http_request& request, http_response& response) {
  const http_method method = request.method == http_method::head ? http_method::get : request.method;
  // The whole of /api asks for the token first: an outsider learns nothing about which paths exist.
  if (request.path.starts_with("/api/") && !bears_token(request.authorization, {token_bytes, token_size}))
    return set_error(response, 401, "this needs the management token: Authorization: Bearer TOKEN");
  for (const route& r : routes) {
    if (r.path != request.path || r.method != method) continue;
    if (!r.handler(request, response).ok()) set_error(response, 500, "out of memory");
    return;
  }
  response.allow = methods_of(request.path);
  if (response.allow.empty()) return set_error(response, 404, "there is no such path");
  set_error(response, 405, "the path does not know this method");
}

}  // namespace

result<> configure_routes(const management_configuration& configuration) {
  if (configuration.token.size() > token_max) return fail(errc::invalid);
  std::memcpy(token_bytes, configuration.token.data(), configuration.token.size());
  token_size = configuration.token.size();
  hooks_ = configuration.hooks;
  return {};
}

const management_hooks& hooks() { return hooks_; }

void answer(const http_request& request, http_response& response) {
  route_request(request, response);
  // A health check that fails is not a refused request.
  count_management_request(request.path == "/health" && response.status == 503 ? management_result::ok : kind_of(response.status));
}

void answer_refused(u16 status, http_response& response) {
  set_error(response, status, status == 503 ? "too many connections" : "this is no request that the server understands");
  count_management_request(kind_of(status));
}

}  // namespace osv::telemetry
