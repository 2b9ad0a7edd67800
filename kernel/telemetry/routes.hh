// From request to answer. Does not touch the network.
#pragma once

#include "telemetry/http_request.hh"
#include "telemetry/http_response.hh"
#include "telemetry/management.hh"

namespace osv::telemetry {

/// Set once, before the first request. EINVAL if the token is too long.
result<> configure_routes(const management_configuration& configuration);
const management_hooks& hooks();

/// Fills in the answer, and counts the request by its result.
void answer(const http_request& request, http_response& response);
/// The answer to what could not be parsed, or came in too great a number (503).
void answer_refused(u16 status, http_response& response);

/// The API's handlers, by file. Each fills in `response`; an error is for want of memory alone.
result<> serve_threads(const http_request&, http_response&);
result<> serve_memory(const http_request&, http_response&);
result<> serve_missing(const http_request&, http_response&);
result<> serve_self_checks(const http_request&, http_response&);
result<> serve_log(const http_request&, http_response&);
result<> serve_tracepoints(const http_request&, http_response&);
result<> change_tracepoints(const http_request&, http_response&);
result<> serve_trace_events(const http_request&, http_response&);

}  // namespace osv::telemetry
