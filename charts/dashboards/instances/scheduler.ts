import { byInstance, series } from '../panels/common.ts';
import { heatmap } from '../panels/heatmap.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { guest } from '../promql/targets.ts';
import { cpuUse } from './overview.ts';

export const scheduler: Row = {
  title: 'CPU and scheduler',
  panels: [
    lines({
      title: 'CPU use',
      text: 'Share of the time of its CPUs that a guest ran threads. The host may still have taken time away: compare with `kubevirt_vmi_vcpu_delay_seconds_total`.',
      series: [series(cpuUse({ by: ['namespace', 'instance'] }), byInstance)],
      max: 1,
      thresholds: { warning: 0.8, critical: 0.95 },
    }),
    lines({
      title: 'CPU use by CPU',
      text: 'How busy each CPU is. One busy CPU beside idle ones: the program has one busy thread.',
      series: [
        series(
          guest.rate('osv_cpu_busy_seconds_total', { by: ['namespace', 'instance', 'cpu'] }),
          '{{instance}} CPU {{cpu}}',
        ),
      ],
      max: 1,
    }),
    lines({
      title: 'Threads by state',
      text: 'Runnable threads want a CPU and have none: as many as there are CPUs, for long, means that the guest is too small.',
      series: [series(guest.value('osv_threads', { by: ['state'] }), '{{state}}')],
      stacked: true,
    }),
    heatmap({
      title: 'Run-queue latency',
      text: 'How long threads waited for a CPU after they had become runnable. The upper bands are what users feel.',
      query: guest.buckets('osv_run_queue_latency_seconds'),
    }),
    lines({
      title: 'Run-queue latency, quantiles',
      text: 'Over all chosen guests.',
      series: [0.5, 0.9, 0.99, 0.999].map((q) =>
        series(guest.quantile(q, 'osv_run_queue_latency_seconds', { by: [] }), `p${q * 100}`),
      ),
      width: 12,
    }),
    lines({
      title: 'Context switches and preemptions',
      text: 'A preemption is a switch that the running thread did not ask for. Many preemptions: threads compete for CPUs.',
      series: [
        series(guest.rate('osv_context_switches_total'), '{{instance}} switches'),
        series(guest.rate('osv_preemptions_total'), '{{instance}} preemptions'),
      ],
    }),
    lines({
      title: 'Wake-ups and migrations',
      text: 'A remote wake-up puts a thread on the run queue of another CPU; a migration is a thread that an idle CPU took.',
      series: [
        series(guest.rate('osv_wakeups_total', { by: [] }), 'wake-ups'),
        series(guest.rate('osv_wakeups_remote_total', { by: [] }), 'remote wake-ups'),
        series(guest.rate('osv_thread_migrations_total', { by: [] }), 'migrations'),
      ],
    }),
    lines({
      title: 'Threads created, timers, signals',
      text: 'Many threads created a second: a pool would be cheaper.',
      series: [
        series(guest.rate('osv_threads_created_total', { by: [] }), 'threads created'),
        series(guest.rate('osv_timers_fired_total', { by: [] }), 'timers fired'),
        series(guest.rate('osv_signals_delivered_total', { by: [] }), 'signals delivered'),
      ],
    }),
  ],
};
