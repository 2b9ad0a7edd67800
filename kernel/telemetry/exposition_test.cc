#include "telemetry/exposition.hh"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "telemetry/boot_phases.hh"
#include "telemetry/self_check.hh"
#include "telemetry/sources.hh"

namespace osv::telemetry {
namespace {

std::string seconds(i64 time) {
  string out;
  EXPECT_TRUE(append_seconds(out, time).ok());
  return std::string(out.view());
}

std::string escaped(std::string_view value) {
  string out;
  EXPECT_TRUE(append_label_value(out, value).ok());
  return std::string(out.view());
}

std::string metrics(exposition_format format) {
  string out;
  EXPECT_TRUE(write_metrics(out, format).ok());
  return std::string(out.view());
}

/// The lines about one metric, from its first head line on.
std::string about(const std::string& all, const std::string& family) {
  const usize start = all.find("# TYPE " + family + " ");
  if (start == std::string::npos) return "";
  const usize end = all.find("# TYPE ", start + 1);
  return all.substr(start, end == std::string::npos ? std::string::npos : end - start);
}

TEST(Exposition, WritesSecondsExactly) {
  EXPECT_EQ(seconds(0), "0.0");
  EXPECT_EQ(seconds(1), "0.000000001");
  EXPECT_EQ(seconds(1'500'000'000), "1.5");
  EXPECT_EQ(seconds(-1'000'000'001), "-1.000000001");
  EXPECT_EQ(seconds(INT64_MIN), "-9223372036.854775808");
}

TEST(Exposition, EscapesLabelValues) {
  EXPECT_EQ(escaped("a\"b\\c\nd\xff€"), "a\\\"b\\\\c\\nd\xef\xbf\xbd€");
}

TEST(Exposition, ChoosesTheFormat) {
  EXPECT_EQ(format_for("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3"), exposition_format::open_metrics);
  EXPECT_EQ(format_for("text/plain"), exposition_format::prometheus_text);
  EXPECT_EQ(format_for(""), exposition_format::prometheus_text);
}

TEST(Exposition, WritesCountersInBothFormats) {
  register_kernel_sources();
  const std::string open = metrics(exposition_format::open_metrics), old = metrics(exposition_format::prometheus_text);
  EXPECT_EQ(about(open, "osv_context_switches"),
            "# TYPE osv_context_switches counter\n# HELP osv_context_switches Switches from one thread to another, on all CPUs.\n"
            "osv_context_switches_total 0\n");
  EXPECT_EQ(about(old, "osv_context_switches_total"),
            "# TYPE osv_context_switches_total counter\n# HELP osv_context_switches_total Switches from one thread to another, on all "
            "CPUs.\nosv_context_switches_total 0\n");
  EXPECT_NE(about(open, "osv_block_transferred_bytes").find("# UNIT osv_block_transferred_bytes bytes\n"), std::string::npos);
  EXPECT_NE(open.find("osv_page_faults_total{kind=\"copy_on_write\"} 0\n"), std::string::npos);
  EXPECT_TRUE(open.ends_with("\n# EOF\n"));
  EXPECT_EQ(old.find("# EOF"), std::string::npos);
  EXPECT_EQ(old.find("# UNIT"), std::string::npos);
}

TEST(Exposition, WritesCumulativeHistograms) {
  register_kernel_sources();
  trace::record(trace::histogram::tcp_round_trip, 4096 - 1);
  trace::record(trace::histogram::tcp_round_trip, 4096);
  trace::record(trace::histogram::tcp_round_trip, 20'000'000'000);
  const std::string text = about(metrics(exposition_format::open_metrics), "osv_tcp_round_trip_seconds");
  EXPECT_NE(text.find("osv_tcp_round_trip_seconds_bucket{le=\"0.000004096\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("osv_tcp_round_trip_seconds_bucket{le=\"0.000016384\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("osv_tcp_round_trip_seconds_bucket{le=\"4.294967296\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("osv_tcp_round_trip_seconds_bucket{le=\"+Inf\"} 3\n"), std::string::npos);
  EXPECT_NE(text.find("osv_tcp_round_trip_seconds_sum 20.000008191\n"), std::string::npos);
  EXPECT_NE(text.find("osv_tcp_round_trip_seconds_count 3\n"), std::string::npos);
}

TEST(Exposition, LeavesOutWhatHasNoSource) {
  EXPECT_EQ(about(metrics(exposition_format::open_metrics), "osv_files_open"), "");
  register_gauge(metric::files_open, [] { return 7; });
  EXPECT_NE(about(metrics(exposition_format::open_metrics), "osv_files_open").find("osv_files_open 7\n"), std::string::npos);
}

TEST(Exposition, ShowsBootPhasesAndSelfChecks) {
  register_kernel_sources();
  mark_boot_phase(boot_phase::entry);
  mark_boot_phase(boot_phase::memory);
  report_self_check(self_check::heap, true, "double free stops the kernel");
  report_aslr_entropy(aslr_area::stack, 30);
  const std::string text = metrics(exposition_format::prometheus_text);
  EXPECT_NE(text.find("osv_boot_phase_seconds{phase=\"memory\"} 0."), std::string::npos);
  EXPECT_EQ(text.find("phase=\"devices\""), std::string::npos);
  EXPECT_EQ(text.find("\nosv_boot_seconds "), std::string::npos);
  EXPECT_NE(text.find("osv_self_check_passed{check=\"heap\"} 1\n"), std::string::npos);
  EXPECT_EQ(text.find("check=\"aslr\""), std::string::npos);
  EXPECT_NE(text.find("osv_aslr_entropy{area=\"stack\"} 30\n"), std::string::npos);
  mark_boot_phase(boot_phase::program_load);
  EXPECT_NE(metrics(exposition_format::prometheus_text).find("\nosv_boot_seconds 0."), std::string::npos);
  // For a look from outside, such as promtool's.
  if (const char* file = std::getenv("OSV_TEST_METRICS_FILE")) std::ofstream(file) << text;
}

}  // namespace
}  // namespace osv::telemetry
