// `./osv test` and `npm test`: runs every step, goes on after failures, and ends with `N passed, N failed`.
// Words on the command line choose steps by the beginning of their names.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root, runAll } from './commands.ts';
import type { Counts } from './test-results.ts';
import { type Step, steps } from './test-steps.ts';

const resultsDirectory = join(root, 'build/test-results');

async function runStep(step: Step): Promise<Counts> {
  const file = step.results && join(resultsDirectory, step.results.file);
  if (file) await rm(file, { force: true });
  const status = await runAll(step.commands);
  const counts = file ? step.results?.read(file) : undefined;
  // A runner that fails without a failed test, or passes without any test, has failed as a whole.
  if (counts && (counts.failed > 0 || (status === 0 && counts.passed > 0))) return counts;
  if (!step.results && status === 0) return { passed: 1, failed: 0, skipped: 0, failures: [] };
  return {
    passed: counts?.passed ?? 0,
    failed: 1,
    skipped: counts?.skipped ?? 0,
    failures: [status === 0 ? 'no test was run' : `exit status ${status}`],
  };
}

const words = process.argv.slice(2);
const chosen = words.length === 0 ? steps : steps.filter(({ name }) => words.some((word) => name.startsWith(word)));
if (chosen.length === 0) {
  console.error(`No step begins with ${words.join(' or ')}; steps: ${steps.map(({ name }) => name).join(', ')}`);
  process.exit(125);
}

await mkdir(resultsDirectory, { recursive: true });
const rows: { name: string; seconds: number; counts: Counts }[] = [];
for (const step of chosen) {
  console.log(`\n=== ${step.name}`);
  const started = performance.now();
  const counts = await runStep(step);
  rows.push({ name: step.name, seconds: (performance.now() - started) / 1000, counts });
}

console.log('\n=== summary');
for (const { name, seconds, counts } of rows) {
  const mark = counts.failed > 0 ? 'FAILED' : 'ok';
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  console.log(
    `${mark.padEnd(7)} ${name.padEnd(24)} ${counts.passed} passed, ${counts.failed} failed${skipped} (${seconds.toFixed(1)} s)`,
  );
  for (const failure of counts.failures) console.log(`          ${failure}`);
}
const sum = (key: 'passed' | 'failed' | 'skipped') => rows.reduce((total, { counts }) => total + counts[key], 0);
const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
process.exitCode = sum('failed') > 0 ? 1 : 0;
