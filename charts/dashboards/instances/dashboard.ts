import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { scrapeJobs } from '@osv/contracts';
import { dashboard } from '../panels/dashboard.ts';
import { block } from './block.ts';
import { boot } from './boot.ts';
import { kernel } from './kernel.ts';
import { locks } from './locks.ts';
import { memory } from './memory.ts';
import { network } from './network.ts';
import { overview } from './overview.ts';
import { protection } from './protection.ts';
import { scheduler } from './scheduler.ts';
import { systemCalls } from './system-calls.ts';

const job = `job="${scrapeJobs.guest}"`;

/** Performance of guests. */
export function instancesDashboard(): Dashboard {
  return dashboard({
    uid: 'osv-instances',
    title: 'OS^v instances',
    description: 'How OS^v guests perform, from the tracepoints of their kernels',
    variables: [
      { name: 'namespace', label: 'Namespace', selector: `osv_uptime_seconds{${job}}` },
      { name: 'app', label: 'App', selector: `osv_uptime_seconds{${job}, namespace=~"$namespace"}` },
      {
        name: 'instance',
        label: 'Instance',
        selector: `osv_uptime_seconds{${job}, namespace=~"$namespace", app=~"$app"}`,
      },
    ],
    rows: [overview, scheduler, locks, memory, network, systemCalls, block, kernel, boot, protection],
  });
}
