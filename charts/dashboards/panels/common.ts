import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder, type PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { type MetricName, metricRow } from '../promql/metrics.ts';
import type { Query } from '../promql/query.ts';

/** The data source that the dashboard's variable chooses. */
export const datasource: DataSourceRef = { type: 'prometheus', uid: `\${datasource}` };

/** Legend of panels with one series a guest. */
export const byInstance = '{{instance}}';

export interface Series {
  readonly query: Query;
  /** Grafana's legend format: text with {{label}}. */
  readonly legend: string;
}

export function series(query: Query, legend: string): Series {
  return { query, legend };
}

/** What every kind of panel takes. A row of the grid has 24 columns; heights are grid rows of 30 pixels. */
export interface PanelOptions {
  readonly title: string;
  /** What the panel shows and how to read it; the metrics' HELP texts follow by themselves. */
  readonly text: string;
  readonly width?: number;
  readonly height?: number;
  /** Instead of the unit that follows from the metrics. */
  readonly unit?: string;
}

const refIds = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** The queries of a panel, lettered in order. */
export function targets(all: readonly Series[], format: PromQueryFormat, instant = false): Builder<Dataquery>[] {
  return all.map(({ query, legend }, index) => {
    const target = new DataqueryBuilder()
      .refId(refIds[index] ?? `A${index}`)
      .datasource(datasource)
      .expr(query.expr)
      .legendFormat(legend)
      .format(format);
    return instant ? target.instant() : target.range();
  });
}

/** The one unit of a panel's queries. */
export function unitOf({ title, unit }: PanelOptions, queries: readonly Query[]): string {
  if (unit) return unit;
  const units = new Set(queries.map((query) => query.unit));
  const [only] = units;
  if (units.size !== 1 || only === undefined) {
    throw new Error(`The queries of the panel "${title}" have the units ${[...units].join(', ')}; say which it shows.`);
  }
  return only;
}

export function description(text: string, queries: readonly Query[]): string {
  const names = new Set<MetricName>(queries.flatMap((query) => query.metrics));
  const help = [...names].map((name) => `- \`${name}\`: ${metricRow(name).help}`);
  return [text, '', ...help].join('\n');
}
