import { PanelBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BarGaugeValueMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { datasource, description, type PanelOptions, type Series, targets, unitOf } from './common.ts';

/** A bar for each series, as of now. */
export function bars(options: PanelOptions & { readonly series: readonly Series[] }): PanelBuilder {
  const queries = options.series.map(({ query }) => query);
  return new PanelBuilder()
    .title(options.title)
    .description(description(options.text, queries))
    .datasource(datasource)
    .span(options.width ?? 8)
    .height(options.height ?? 8)
    .unit(unitOf(options, queries))
    .min(0)
    .targets(targets(options.series, PromQueryFormat.TimeSeries, true))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Text)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.ContinuousBlues));
}
