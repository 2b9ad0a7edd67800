import type { Dashboard, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';

/** Every panel and row of a dashboard in order, those inside collapsed rows too. */
export function allPanels(dashboard: Dashboard): (Panel | RowPanel)[] {
  return (dashboard.panels ?? []).flatMap((panel) => [panel, ...('panels' in panel ? panel.panels : [])]);
}
