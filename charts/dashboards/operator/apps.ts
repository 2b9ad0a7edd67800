import { Short } from '@grafana/grafana-foundation-sdk/units';
import { series } from '../panels/common.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { stat } from '../panels/stat.ts';
import { table } from '../panels/table.ts';
import { largest } from '../promql/query.ts';
import { operator } from '../promql/targets.ts';

const all = { by: [] } as const;

export const apps: Row = {
  title: 'Apps',
  panels: [
    stat({ title: 'OsvApps', text: 'In all states.', query: operator.sharedValue('osv_operator_apps', all) }),
    stat({
      title: 'Degraded',
      text: 'OsvApps whose condition Degraded is true, but for paused ones: `kubectl describe osvapp` tells why.',
      query: operator.sharedValue('osv_operator_apps', { ...all, where: { state: 'degraded' } }),
      thresholds: { critical: 1 },
    }),
    stat({ title: 'Instances', text: 'Of all OsvApps.', query: operator.sharedValue('osv_operator_instances', all) }),
    stat({
      title: 'Leaders',
      text: 'Processes that hold the lease. Must be 1: with none nothing happens.',
      query: operator.value('osv_operator_leading', all),
      thresholds: { critical: 1, lowIsBad: true },
    }),
    table({
      title: 'Operators',
      text: 'The processes, and their versions.',
      labels: [
        ['namespace', 'Namespace'],
        ['pod', 'Pod'],
        ['version', 'Version'],
      ],
      columns: [
        {
          title: 'Build',
          query: operator.value('osv_operator_build_info', { by: ['namespace', 'pod', 'version'] }, 'max'),
          hidden: true,
        },
        { title: 'Leads', query: operator.value('osv_operator_leading', { by: ['namespace', 'pod'] }, 'max') },
      ],
      sortBy: 'Pod',
      width: 8,
      height: 4,
    }),
    lines({
      title: 'OsvApps by state',
      text: 'Each is in one state: paused, else degraded, else available, else progressing.',
      series: [series(operator.sharedValue('osv_operator_apps', { by: ['state'] }), '{{state}}')],
    }),
    lines({
      title: 'Instances by state',
      text: 'Waiting instances ended by themselves and are held back before they start again.',
      series: [series(operator.sharedValue('osv_operator_instances', { by: ['state'] }), '{{state}}')],
      stacked: true,
    }),
    lines({
      title: 'Restarts of instances',
      text: 'In the shown time range; the ten OsvApps with most.',
      series: [
        series(
          largest(10, operator.growth('osv_operator_instance_restarts_total', { by: ['namespace', 'app'] })),
          '{{namespace}}/{{app}}',
        ),
      ],
      unit: Short,
    }),
  ],
};
