import { HeatmapCellLayout, TooltipDisplayMode } from '@grafana/grafana-foundation-sdk/common';
import {
  CellValuesBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  HeatmapColorScale,
  HeatmapTooltipBuilder,
  PanelBuilder,
  RowsHeatmapOptionsBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { CountsPerSecond } from '@grafana/grafana-foundation-sdk/units';
import type { Query } from '../promql/query.ts';
import { datasource, description, type PanelOptions, targets, unitOf } from './common.ts';

/** How many observations fell into each bucket of a histogram, over time; bounds of buckets go upwards. */
export function heatmap(options: PanelOptions & { readonly query: Query }): PanelBuilder {
  const { query } = options;
  return new PanelBuilder()
    .title(options.title)
    .description(description(options.text, [query]))
    .datasource(datasource)
    .span(options.width ?? 12)
    .height(options.height ?? 8)
    .targets(targets([{ query, legend: '{{le}}' }], PromQueryFormat.Heatmap))
    .calculate(false)
    .rowsFrame(new RowsHeatmapOptionsBuilder().layout(HeatmapCellLayout.Auto))
    .color(
      new HeatmapColorOptionsBuilder()
        .mode(HeatmapColorMode.Scheme)
        .scheme('Spectral')
        .scale(HeatmapColorScale.Exponential)
        .exponent(0.5)
        .steps(64),
    )
    .cellGap(1)
    .cellValues(new CellValuesBuilder().unit(CountsPerSecond))
    .yAxis(new YAxisConfigBuilder().unit(unitOf(options, [query])))
    .tooltip(new HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true).showColorScale(false));
}
