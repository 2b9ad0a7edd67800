import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import type { Query } from '../promql/query.ts';
import { datasource, description, type PanelOptions, targets, unitOf } from './common.ts';
import { type ThresholdSteps, thresholds } from './thresholds.ts';

export interface StatOptions extends PanelOptions {
  readonly query: Query;
  readonly thresholds?: ThresholdSteps;
  /** The course of the value behind it; for values that are rates. */
  readonly sparkline?: boolean;
  readonly decimals?: number;
}

/** One number, the last of its time range. */
export function stat(options: StatOptions): PanelBuilder {
  const panel = new PanelBuilder()
    .title(options.title)
    .description(description(options.text, [options.query]))
    .datasource(datasource)
    .span(options.width ?? 4)
    .height(options.height ?? 4)
    .unit(unitOf(options, [options.query]))
    .targets(targets([{ query: options.query, legend: options.title }], PromQueryFormat.TimeSeries, !options.sparkline))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''))
    .textMode(BigValueTextMode.Value)
    .graphMode(options.sparkline ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .colorMode(options.thresholds ? BigValueColorMode.Background : BigValueColorMode.Value)
    .noValue('–');
  if (options.decimals !== undefined) panel.decimals(options.decimals);
  if (options.thresholds) {
    panel
      .thresholds(thresholds(options.thresholds))
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds));
  } else {
    panel.colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor('blue'));
  }
  return panel;
}
