import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
import { metricsTable, operatorMetricsTable } from '@osv/contracts';
import { describe, expect, test } from 'vitest';
import { instancesDashboard } from './instances/dashboard.ts';
import { operatorDashboard } from './operator/dashboard.ts';
import { allPanels } from './panels/all-panels.ts';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels?: readonly { readonly name: string; readonly values?: readonly string[] }[];
}

/** Labels that Prometheus gives to a target; see contracts/scrape.ts. */
const targetLabels = ['job', 'namespace', 'pod', 'app', 'instance'];

/** Names of the samples that a metric gives. */
function samples({ name, type }: Row): string[] {
  return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

/** What one selector of a query asks for: metric, matchers, and the labels that its aggregation keeps. */
interface Selection {
  readonly row: Row;
  readonly matchers: readonly { label: string; value: string }[];
  readonly by: readonly string[];
}

function selections(expr: string, table: readonly Row[]): Selection[] {
  return [...expr.matchAll(/([^{}]*)\b(osv_\w+)\{([^}]*)\}/g)].map(([, before = '', name = '', matchers = '']) => {
    const row = table.find((one) => samples(one).includes(name));
    if (!row) throw new Error(`${name} is in no table`);
    const pairs = [...matchers.matchAll(/(\w+)=~?"([^"]*)"/g)];
    return {
      row,
      matchers: pairs.map(([, label = '', value = '']) => ({ label, value })),
      by: [...before.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', ').filter(Boolean)),
    };
  });
}

function panelsOf(dashboard: Dashboard): Panel[] {
  return allPanels(dashboard).filter((panel): panel is Panel => panel.type !== 'row');
}

function expressions(dashboard: Dashboard): string[] {
  return panelsOf(dashboard).flatMap((panel) => (panel.targets ?? []).map((target) => (target as Dataquery).expr));
}

const cases = [
  { build: instancesDashboard, table: metricsTable().metrics as readonly Row[] },
  { build: operatorDashboard, table: operatorMetricsTable().metrics as readonly Row[] },
];

describe.each(cases)('$build.name', ({ build, table }) => {
  const dashboard = build();

  test('names metrics of the table only, and every one of them', () => {
    const named = new Set(expressions(dashboard).flatMap((expr) => expr.match(/\bosv_\w+(?=\{)/g) ?? []));
    const known = new Set(table.flatMap(samples));
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
    const unseen = table.filter((row) => !samples(row).some((name) => named.has(name)));
    expect(unseen.map(({ name }) => name)).toEqual([]);
  });

  test('every label is one of the metric or of its target, with a value that the metric has', () => {
    for (const expr of expressions(dashboard)) {
      for (const { row, matchers, by } of selections(expr, table)) {
        const own = row.labels ?? [];
        const known = [...targetLabels, ...own.map(({ name }) => name), ...(row.type === 'histogram' ? ['le'] : [])];
        for (const label of [...by, ...matchers.map((matcher) => matcher.label)]) expect(known, expr).toContain(label);
        for (const { label, value } of matchers) {
          const values = own.find(({ name }) => name === label)?.values;
          if (values) expect(values, expr).toContain(value);
        }
      }
    }
  });

  test('a legend names labels that its query keeps', () => {
    for (const panel of panelsOf(dashboard)) {
      for (const target of panel.targets ?? []) {
        const { expr, legendFormat = '' } = target as Dataquery;
        const kept = selections(expr, table).flatMap(({ by }) => by);
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(kept, panel.title).toContain(label);
      }
    }
  });

  test('every query says what it selects by the variables and its own data source', () => {
    for (const panel of panelsOf(dashboard)) {
      expect(panel.datasource?.uid, panel.title).toBe('$' + '{datasource}');
      const refIds = (panel.targets ?? []).map((target) => (target as Dataquery).refId);
      for (const target of panel.targets ?? []) {
        const { expr, datasource, refId, legendFormat } = target as Dataquery;
        expect(datasource?.uid).toBe('$' + '{datasource}');
        expect(refId).toMatch(/^[A-Z]$/);
        expect(legendFormat).toBeTruthy();
        for (const selector of expr.match(/\{[^}]*\}/g) ?? []) expect(selector).toMatch(/job="osv.*=~"\$/);
      }
      expect(new Set(refIds).size, panel.title).toBe(refIds.length);
    }
  });

  test('every panel has a title of its own, a description, a unit and a place of its own', () => {
    const taken = new Set<string>();
    for (const panel of panelsOf(dashboard)) {
      expect(panel.description, panel.title).toMatch(/^[A-Z0-9].+[.]\n\n- `osv_/s);
      if (panel.type === 'heatmap') expect(panel.options).toHaveProperty('yAxis.unit');
      else if (panel.type !== 'table' && panel.type !== 'state-timeline') {
        expect(panel.fieldConfig?.defaults.unit, panel.title).toBeTruthy();
      }
      const { x = 0, y = 0, w = 0, h = 0 } = panel.gridPos ?? {};
      expect(x + w, panel.title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          const cell = `${column}/${line}`;
          expect(taken.has(cell), `${panel.title} at ${cell}`).toBe(false);
          taken.add(cell);
        }
      }
    }
    // Open rows leave no gap: each line of the grid is full or belongs to no panel.
    const widths = Map.groupBy(taken, (cell) => cell.split('/')[1]);
    expect([...widths].filter(([, cells]) => cells.length !== 24)).toEqual([]);
    const ids = allPanels(dashboard).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
