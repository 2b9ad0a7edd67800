import { TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import type { Query } from '../promql/query.ts';
import { datasource, description, type PanelOptions, targets } from './common.ts';
import type { ThresholdSteps } from './thresholds.ts';

export interface Column {
  readonly title: string;
  readonly query: Query;
  /** Without it the column's query only brings labels, and its value is hidden. */
  readonly hidden?: boolean;
  /** Colours the cell. */
  readonly thresholds?: ThresholdSteps;
}

export interface TableOptions extends Omit<PanelOptions, 'unit'> {
  /** Columns of labels, in order: label and title. All queries must keep the same labels, the first one may have more. */
  readonly labels: readonly (readonly [label: string, title: string])[];
  readonly columns: readonly Column[];
  readonly sortBy: string;
}

/** A row for each set of labels, a column for each query, as of now. */
export function table(options: TableOptions): PanelBuilder {
  const { labels, columns } = options;
  // Merging names the value of query A "Value #A"; of a single query, "Value".
  const valueField = (index: number) => (columns.length === 1 ? 'Value' : `Value #${String.fromCharCode(65 + index)}`);
  const shown = columns.map((column, index) => ({ ...column, field: valueField(index) }));
  const order = [...labels.map(([label]) => label), ...shown.map(({ field }) => field)];
  const panel = new PanelBuilder()
    .title(options.title)
    .description(
      description(
        options.text,
        columns.map(({ query }) => query),
      ),
    )
    .datasource(datasource)
    .span(options.width ?? 24)
    .height(options.height ?? 8)
    .filterable(true)
    .targets(
      targets(
        columns.map(({ query, title }) => ({ query, legend: title })),
        PromQueryFormat.Table,
        true,
      ),
    )
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {
          Time: true,
          ...Object.fromEntries(shown.filter(({ hidden }) => hidden).map(({ field }) => [field, true])),
        },
        indexByName: Object.fromEntries(order.map((field, index) => [field, index])),
        renameByName: Object.fromEntries([...labels, ...shown.map(({ field, title }) => [field, title] as const)]),
      },
    })
    .sortBy([new TableSortByFieldStateBuilder().displayName(options.sortBy).desc(false)]);
  for (const { title, query, thresholds } of shown.filter(({ hidden }) => !hidden)) {
    panel.overrideByName(title, [{ id: 'unit', value: query.unit }, ...(thresholds ? cellColours(thresholds) : [])]);
  }
  return panel;
}

function cellColours({ warning, critical, lowIsBad }: ThresholdSteps): DynamicConfigValue[] {
  const [base, last] = lowIsBad ? ['red', 'transparent'] : ['transparent', 'red'];
  const middle = warning === undefined ? [] : [{ value: lowIsBad ? critical : warning, color: 'yellow' }];
  const end = lowIsBad ? (warning ?? critical) : critical;
  return [
    { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
    {
      id: 'thresholds',
      value: { mode: 'absolute', steps: [{ value: null, color: base }, ...middle, { value: end, color: last }] },
    },
  ];
}
