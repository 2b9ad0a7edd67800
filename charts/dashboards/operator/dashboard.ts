import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { scrapeJobs } from '@osv/contracts';
import { dashboard } from '../panels/dashboard.ts';
import { apiServer } from './api-server.ts';
import { apps } from './apps.ts';
import { builds } from './builds.ts';
import { reconciling } from './reconciling.ts';

/** What the operator does. */
export function operatorDashboard(): Dashboard {
  return dashboard({
    uid: 'osv-operator',
    title: 'OS^v operator',
    description: 'OsvApps, the controllers that look after them, and image builds',
    variables: [{ name: 'pod', label: 'Pod', selector: `osv_operator_build_info{job="${scrapeJobs.operator}"}` }],
    rows: [apps, reconciling, apiServer, builds],
  });
}
