import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readJunit, readSuite, readVitest } from './test-results.ts';

const folder = mkdtempSync(join(tmpdir(), 'osv-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(folder, 'results');
  writeFileSync(path, text);
  return path;
}

test('ctest: passed, failed and disabled cases are told apart', () => {
  const text = `<testsuite tests="4">
    <testcase name="a" status="run"/>
    <testcase name="b" status="fail"><failure message=""/><system-out>x</system-out></testcase>
    <testcase name="c" status="disabled"><skipped/></testcase>
    <testcase name="d" status="run"><system-out>failure is no failure</system-out></testcase>
  </testsuite>`;
  expect(readJunit(file(text))).toEqual({ passed: 2, failed: 1, skipped: 1, failures: ['b'] });
});

test('vitest: a file that cannot be loaded is one failure', () => {
  const assertion = (status: string, fullName: string) => ({ status, fullName });
  const report = {
    testResults: [
      { name: 'x', status: 'passed', assertionResults: [assertion('passed', 'p'), assertion('skipped', 's')] },
      { name: 'y', status: 'failed', assertionResults: [assertion('failed', 'f')] },
      { name: 'z', status: 'failed', message: 'no such module', assertionResults: [] },
    ],
  };
  expect(readVitest(file(JSON.stringify(report)))).toEqual({
    passed: 1,
    failed: 2,
    skipped: 1,
    failures: ['y: f', 'z'],
  });
});

test('the suites of test/ name their failed rows', () => {
  const rows = [
    { id: 'a', passed: true },
    { id: 'b', passed: false },
  ];
  const text = JSON.stringify({ passed: 1, failed: 1, rows });
  expect(readSuite(file(text))).toEqual({ passed: 1, failed: 1, skipped: 0, failures: ['b'] });
});

test('results that were not written are no results', () => {
  for (const read of [readJunit, readSuite, readVitest]) expect(read(join(folder, 'absent'))).toBeUndefined();
});
