import { bars } from '../panels/bars.ts';
import { byInstance, series } from '../panels/common.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { guest } from '../promql/targets.ts';

export const boot: Row = {
  title: 'Boot',
  collapsed: true,
  panels: [
    bars({
      title: 'Boot time',
      text: 'From the kernel’s entry to the program’s first instruction. What the machine needs before that is not in it.',
      series: [series(guest.value('osv_boot_seconds'), byInstance)],
    }),
    bars({
      title: 'Boot phases',
      text: 'Where the time went; for each phase, the slowest of the chosen guests.',
      series: [series(guest.value('osv_boot_phase_seconds', { by: ['phase'] }, 'max'), '{{phase}}')],
    }),
    lines({
      title: 'Uptime',
      text: 'A line that falls is a restart.',
      series: [series(guest.value('osv_uptime_seconds'), byInstance)],
    }),
  ],
};
