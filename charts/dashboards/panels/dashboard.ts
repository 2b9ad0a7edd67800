import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { allPanels } from './all-panels.ts';
import { datasource } from './common.ts';
import type { Row } from './row.ts';

/** A variable of the dashboard: the values of a label that a selector finds. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly selector: string;
}

export interface DashboardOptions {
  /** Part of the dashboard's address: never changes. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
}

const tag = 'osv';

/** Puts rows on a dashboard and numbers the panels. */
export function dashboard(options: DashboardOptions): Dashboard {
  const builder = new DashboardBuilder(options.title)
    .uid(options.uid)
    .description(options.description)
    .tags([tag])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .link(
      new DashboardLinkBuilder('OS^v').type(DashboardLinkType.Dashboards).tags([tag]).includeVars(true).keepTime(true),
    )
    .variables([
      new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
      ...options.variables.map(variable),
    ]);
  for (const { title, collapsed, panels } of options.rows) {
    const row = new RowBuilder(title).collapsed(collapsed ?? false);
    // An open row is a heading: its panels stand beside it, those of a collapsed row inside.
    if (collapsed) for (const panel of panels) row.withPanel(panel);
    builder.withRow(row);
    if (!collapsed) for (const panel of panels) builder.withPanel(panel);
  }
  const built = builder.build();
  for (const [index, panel] of allPanels(built).entries()) panel.id = index + 1;
  return built;
}

/** Several values or all; "all" also matches targets that lack the label. */
function variable({ name, label, selector }: Variable): QueryVariableBuilder {
  const query = `label_values(${selector}, ${name})`;
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: 'PrometheusVariableQueryEditor-VariableQuery', qryType: 1 })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}
