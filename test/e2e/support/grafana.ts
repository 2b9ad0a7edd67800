import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './osv.ts';

/** A query of a dashboard, and the panel that it belongs to. */
export interface PanelQuery {
  readonly panel: string;
  readonly refId: string;
  readonly expr: string;
  readonly instant: boolean;
}

export interface DashboardVariable {
  readonly name: string;
  readonly definition: string;
  readonly allValue: string;
}

interface PanelJson {
  type: string;
  title: string;
  panels?: PanelJson[];
  targets?: { refId: string; expr: string; instant?: boolean }[];
}

interface DashboardJson {
  panels: PanelJson[];
  templating: { list: { name: string; type: string; definition: string; allValue: string }[] };
}

/** A dashboard as it is in the chart. */
export function readDashboard(uid: string): { queries: PanelQuery[]; variables: DashboardVariable[] } {
  const path = join(root, 'charts', 'osv-operator', 'dashboards', `${uid}.json`);
  const dashboard = JSON.parse(readFileSync(path, 'utf8')) as DashboardJson;
  const queries = dashboard.panels
    .flatMap((panel) => [panel, ...(panel.panels ?? [])])
    .flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr, instant = false }) => ({ panel: title, refId, expr, instant })),
    );
  const variables = dashboard.templating.list
    .filter(({ type }) => type === 'query')
    .map(({ name, definition, allValue }) => ({ name, definition, allValue }));
  return { queries, variables };
}

/** What a person chose for each variable; undefined: all. */
export type Choice = Readonly<Record<string, readonly string[] | undefined>>;

/** The time range of a dashboard and what follows from it, in seconds. */
export interface TimeRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly scrapeInterval: number;
}

/**
 * Puts values into an expression as Grafana's Prometheus data source does: several values become a regular expression
 * with each value escaped, "all" becomes the variable's own value for it, unescaped; `$__rate_interval` is the step and
 * a scrape interval, but at least four scrape intervals (grafana.com/docs, "Use $__rate_interval").
 */
export function interpolate(
  expr: string,
  variables: readonly DashboardVariable[],
  choice: Choice,
  { start, end, step, scrapeInterval }: TimeRange,
): string {
  const values: Record<string, string> = {
    __interval: `${step}s`,
    __rate_interval: `${Math.max(step + scrapeInterval, 4 * scrapeInterval)}s`,
    __range: `${Math.round(end - start)}s`,
  };
  for (const { name, allValue } of variables) {
    const escaped = choice[name]?.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\\\$&'));
    values[name] = escaped ? (escaped.length === 1 ? `${escaped[0]}` : `(${escaped.join('|')})`) : allValue;
  }
  return expr.replace(/\$(\w+)/g, (word, name) => {
    const value = values[name];
    if (value === undefined) throw new Error(`Grafana knows no variable ${word} in ${expr}`);
    return value;
  });
}
