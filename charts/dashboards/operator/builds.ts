import { Short } from '@grafana/grafana-foundation-sdk/units';
import { series } from '../panels/common.ts';
import { heatmap } from '../panels/heatmap.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { operator } from '../promql/targets.ts';

export const builds: Row = {
  title: 'Image builds',
  panels: [
    lines({
      title: 'Builds by result',
      text: 'In the shown time range. Reused: an image of the same inputs was there, nothing was built.',
      series: [series(operator.growth('osv_operator_builds_total', { by: ['result'] }), '{{result}}')],
      unit: Short,
    }),
    lines({
      title: 'Builds that run',
      text: 'Each is a Job.',
      series: [series(operator.value('osv_operator_builds_running', { by: [] }), 'running')],
    }),
    heatmap({
      title: 'Duration of builds',
      text: 'From the start to the push of the image.',
      query: operator.buckets('osv_operator_build_duration_seconds'),
      width: 8,
    }),
  ],
};
