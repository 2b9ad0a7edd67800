import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/**
 * Asks promtool whether one test of its notation holds (Prometheus, "Unit Testing for Rules").
 *
 * @param rules text of a rule file, where the test is about one
 * @returns what it has to say, which is nothing when it agrees
 */
export function promtool(test: object, rules?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'osv-promtool-'));
  try {
    if (rules !== undefined) writeFileSync(join(folder, 'rules.yaml'), rules);
    const rule_files = rules === undefined ? [] : ['rules.yaml'];
    writeFileSync(join(folder, 'test.yaml'), stringify({ rule_files, evaluation_interval: '1m', tests: [test] }));
    const result = spawnSync('promtool', ['test', 'rules', 'test.yaml'], { cwd: folder, encoding: 'utf8' });
    if (result.error) throw result.error;
    return result.status === 0 ? '' : result.stdout + result.stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Samples by series, in promtool's notation: `0+60x10` counts up by 60 ten times. */
export function inputSeries(series: Readonly<Record<string, string>>): object[] {
  return Object.entries(series).map(([name, values]) => ({ series: name, values }));
}
