import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { alertGroups, ruleFile, runbookBase } from './rule-file.ts';

const root = join(import.meta.dirname, '../../..');
const runbooks = join(root, 'docs/runbooks');
const alerts = Object.values(alertGroups).flat();

test('promtool accepts the rules', () => {
  const path = join(root, 'charts/osv-operator/files/rules.yaml');
  const check = spawnSync('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', path], { encoding: 'utf8' });
  expect(check.error).toBeUndefined();
  expect(check.status, check.stderr + check.stdout).toBe(0);
});

test.each(alerts)('$name says all that somebody needs who is woken by it', ({ name }) => {
  const file = parse(ruleFile()) as {
    groups: { rules: { alert: string; labels: Record<string, string>; annotations: Record<string, string> }[] }[];
  };
  const rule = file.groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === name);
  expect(rule?.labels.severity).toMatch(/^(critical|warning|info)$/);
  expect(rule?.annotations.summary).toMatch(/\.$/);
  expect(rule?.annotations.description).toMatch(/\.$/);
  expect(rule?.annotations.runbook_url).toBe(`${runbookBase}/${name}.md`);
  const page = readFileSync(join(runbooks, `${name}.md`), 'utf8');
  expect(page).toMatch(
    new RegExp(`^# ${name}\n\n(.+\n)+\n## Effect\n\n[^#]+\n## Find the cause\n\n[^#]+\n## Remedy\n\n[^#]+$`),
  );
});

test('every runbook belongs to an alert', () => {
  const pages = readdirSync(runbooks).filter((page) => page !== 'README.md');
  expect(pages.sort()).toEqual(alerts.map(({ name }) => `${name}.md`).sort());
});
