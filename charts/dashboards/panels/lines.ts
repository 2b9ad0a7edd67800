import {
  GraphGradientMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { datasource, description, type PanelOptions, type Series, targets, unitOf } from './common.ts';
import { type ThresholdSteps, thresholds } from './thresholds.ts';

export interface LinesOptions extends PanelOptions {
  readonly series: readonly Series[];
  /** Areas on top of each other, for parts of a whole. */
  readonly stacked?: boolean;
  readonly max?: number;
  /** Drawn as dashed lines. */
  readonly thresholds?: ThresholdSteps;
  /** Legends, as a regular expression, that are drawn downwards: what is sent, under what is received. */
  readonly downwards?: string;
  /** Legends, as a regular expression, that are drawn as a dashed line above a stack: the size of the whole. */
  readonly whole?: string;
  /** Legends, as a regular expression, that have an axis on the right with another unit. */
  readonly right?: { readonly legends: string; readonly unit: string };
}

/** Values over time. */
export function lines(options: LinesOptions): PanelBuilder {
  const queries = options.series.map(({ query }) => query);
  const panel = new PanelBuilder()
    .title(options.title)
    .description(description(options.text, queries))
    .datasource(datasource)
    .span(options.width ?? 8)
    .height(options.height ?? 8)
    .unit(unitOf(options, queries))
    .targets(targets(options.series, PromQueryFormat.TimeSeries))
    .lineWidth(1)
    .fillOpacity(options.stacked ? 30 : 8)
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['mean', 'max', 'lastNotNull']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (!options.downwards) panel.min(0);
  if (options.max !== undefined) panel.max(options.max);
  if (options.stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (options.thresholds) {
    panel
      .thresholds(thresholds(options.thresholds))
      .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  if (options.downwards) {
    panel.overrideByRegexp(options.downwards, [{ id: 'custom.transform', value: 'negative-Y' }]);
  }
  if (options.whole) {
    panel.overrideByRegexp(options.whole, [
      { id: 'custom.stacking', value: { mode: 'none', group: 'A' } },
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
    ]);
  }
  if (options.right) {
    panel.overrideByRegexp(options.right.legends, [
      { id: 'unit', value: options.right.unit },
      { id: 'custom.axisPlacement', value: 'right' },
    ]);
  }
  return panel;
}
