import { series } from '../panels/common.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { largest } from '../promql/query.ts';
import { guest } from '../promql/targets.ts';

export const kernel: Row = {
  title: 'Interrupts, log and tracing',
  collapsed: true,
  panels: [
    lines({
      title: 'Interrupts by source',
      text: 'Inter-processor interrupts wake threads on other CPUs and keep their TLBs right.',
      series: [series(guest.rate('osv_interrupts_total', { by: ['source'] }), '{{source}}')],
      stacked: true,
    }),
    lines({
      title: 'Lines of the kernel’s log by level',
      text: 'Warnings and errors are worth reading: `kubectl logs POD -c guest-console-log`.',
      series: [series(guest.rate('osv_log_lines_total', { by: ['level'] }), '{{level}}')],
    }),
    lines({
      title: 'Requests to the management port',
      text: 'Prometheus itself makes most of them. Unauthorized ones come from somebody without the token.',
      series: [series(guest.rate('osv_management_requests_total', { by: ['result'] }), '{{result}}')],
      unit: 'reqps',
    }),
    lines({
      title: 'Tracepoints',
      text: 'The ten busiest of those that are switched on; a tracepoint that is off counts nothing.',
      series: [series(largest(10, guest.rate('osv_tracepoint_hits_total', { by: ['tracepoint'] })), '{{tracepoint}}')],
      width: 12,
    }),
    lines({
      title: 'Trace events lost',
      text: 'Events that were overwritten before anybody read them: read more often, or filter.',
      series: [series(guest.rate('osv_trace_events_lost_total'), '{{instance}}')],
      width: 12,
    }),
  ],
};
