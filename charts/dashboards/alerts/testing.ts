import { inputSeries, promtool } from '../testing/promtool.ts';
import { alertGroups, ruleFile, runbookBase } from './rule-file.ts';

/** What is known of an alert at a moment, in promtool's notation of series: `0+60x10` counts up by 60 ten times. */
export interface AlertCase {
  readonly alert: string;
  /** What is the case, for the name of the test. */
  readonly when: string;
  /** Samples a minute, by series. */
  readonly series: Readonly<Record<string, string>>;
  /** Moment of the question, such as `5m`. */
  readonly at: string;
  readonly fires: readonly {
    readonly labels?: Readonly<Record<string, string>>;
    readonly summary: string;
    readonly description: string;
  }[];
}

/** Asks promtool; returns what it has to say, which is nothing when it agrees. */
export function promtoolTest({ alert, series, at, fires }: AlertCase): string {
  const rule = Object.values(alertGroups)
    .flat()
    .find(({ name }) => name === alert);
  if (!rule) return `there is no alert ${alert}`;
  const exp_alerts = fires.map(({ labels, summary, description }) => ({
    exp_labels: { ...labels, severity: rule.severity },
    exp_annotations: { summary, description, runbook_url: `${runbookBase}/${alert}.md` },
  }));
  const alert_rule_test = [{ eval_time: at, alertname: alert, exp_alerts }];
  return promtool({ interval: '1m', input_series: inputSeries(series), alert_rule_test }, ruleFile());
}
