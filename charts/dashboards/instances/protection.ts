import { bars } from '../panels/bars.ts';
import { series } from '../panels/common.ts';
import type { Row } from '../panels/row.ts';
import { states } from '../panels/states.ts';
import { guest } from '../promql/targets.ts';

export const protection: Row = {
  title: 'Protection',
  collapsed: true,
  panels: [
    states({
      title: 'Self-checks',
      text: 'What each kernel found about its own protections at boot. Red: at least one of the chosen guests did not pass.',
      series: [
        series(guest.value('osv_self_check_passed', { by: ['check'] }, 'min'), '{{check}}'),
        series(guest.value('osv_entropy_ready', { by: [] }, 'min'), 'random numbers seeded'),
      ],
      texts: { 1: 'passed', 0: 'failed' },
    }),
    bars({
      title: 'Randomness of addresses',
      text: 'Bits of the place of each area that cannot be guessed; the lowest of the chosen guests.',
      series: [series(guest.value('osv_aslr_entropy', { by: ['area'] }, 'min'), '{{area}}')],
      width: 12,
    }),
  ],
};
