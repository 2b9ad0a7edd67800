/** How every runner below test/ ends: a result file, a closing line, an exit code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { exitOnSignals } from './command.ts';

/** Writes the rows as JSON to `output` and prints `N passed, N failed`. Answers the exit code. */
export function finishSuite(
  suite: string,
  rows: readonly { readonly passed: boolean }[],
  output: string,
  more: Readonly<Record<string, unknown>> = {},
): number {
  const passed = rows.filter((row) => row.passed).length;
  const failed = rows.length - passed;
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, `${JSON.stringify({ suite, passed, failed, ...more, rows }, null, 1)}\n`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** Runs a suite to its exit code; one that could not run at all ends with 125. */
export async function runSuite(name: string, main: () => Promise<number>): Promise<void> {
  exitOnSignals();
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 125;
  }
}
