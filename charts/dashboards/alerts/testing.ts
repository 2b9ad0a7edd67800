import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
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
  const folder = mkdtempSync(join(tmpdir(), 'osv-alerts-'));
  try {
    const exp_alerts = fires.map(({ labels, summary, description }) => ({
      exp_labels: { ...labels, severity: rule.severity },
      exp_annotations: { summary, description, runbook_url: `${runbookBase}/${alert}.md` },
    }));
    const test = {
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts }],
    };
    writeFileSync(join(folder, 'rules.yaml'), ruleFile());
    writeFileSync(
      join(folder, 'test.yaml'),
      stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: [test] }),
    );
    const result = spawnSync('promtool', ['test', 'rules', 'test.yaml'], { cwd: folder, encoding: 'utf8' });
    if (result.error) throw result.error;
    return result.status === 0 ? '' : result.stdout + result.stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
