import metricsSchema from '../metrics.schema.json' with { type: 'json' };
import { metricsTable } from '../metrics.ts';
import { metricsHeader } from './metrics-header.ts';
import { metricsPage } from './metrics-page.ts';
import { schemaTypes } from './schema-types.ts';

/** A generated file: its path from the root of the repository, and what must stand in it. */
export interface Output {
  readonly path: string;
  render(): string | Promise<string>;
}

/** Every generated file of the project. */
export const outputs: readonly Output[] = [
  {
    path: 'contracts/types/metrics.ts',
    render: () => schemaTypes(metricsSchema, 'MetricsTable', 'contracts/metrics.schema.json'),
  },
  { path: 'kernel/telemetry/metric_table.hh', render: () => metricsHeader(metricsTable()) },
  { path: 'docs/metrics.md', render: () => metricsPage(metricsTable()) },
];
