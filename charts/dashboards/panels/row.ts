import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';

/** A titled part of a dashboard. A collapsed one asks nothing of Prometheus until somebody opens it. */
export interface Row {
  readonly title: string;
  readonly collapsed?: boolean;
  readonly panels: readonly Builder<Panel>[];
}
