import { VisibilityMode, VizLegendOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { datasource, description, type PanelOptions, type Series, targets } from './common.ts';

/** Gauges that are 1 or 0, as bars over time that are green or red. */
export function states(
  options: PanelOptions & {
    readonly series: readonly Series[];
    readonly texts: { readonly 1: string; readonly 0: string };
  },
): PanelBuilder {
  return new PanelBuilder()
    .title(options.title)
    .description(
      description(
        options.text,
        options.series.map(({ query }) => query),
      ),
    )
    .datasource(datasource)
    .span(options.width ?? 12)
    .height(options.height ?? 8)
    .targets(targets(options.series, PromQueryFormat.TimeSeries))
    .mappings([
      {
        type: MappingType.ValueToText,
        options: {
          1: { text: options.texts[1], color: 'green', index: 0 },
          0: { text: options.texts[0], color: 'red', index: 1 },
        },
      },
    ])
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .rowHeight(0.9)
    .fillOpacity(70)
    .legend(new VizLegendOptionsBuilder().showLegend(false));
}
