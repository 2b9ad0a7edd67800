import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testFolder } from './paths.ts';

const runners = [
  'benchmarks/main.ts',
  'boots/main.ts',
  'linux-conformance/main.ts',
  'load/main.ts',
  'packets/bad-wire/main.ts',
  'packets/scripts/main.ts',
  'stress/main.ts',
];

function call(runner: string, ...words: string[]) {
  return spawnSync(process.execPath, [join(testFolder, runner), ...words], { encoding: 'utf8' });
}

describe.each(runners)('%s', (runner) => {
  it('explains itself', () => {
    const { status, stdout, stderr } = call(runner, '--help');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^ {2}npm run \S+ /m);
    expect(stdout).toMatch(/^ {2}--output VALUE +default \//m);
    expect(stdout).not.toMatch(/^ ?\*/m);
    expect(status).toBe(0);
  });

  it('answers a flag that it does not know with one sentence', () => {
    const { status, stdout, stderr } = call(runner, '--colour');
    expect(stdout).toBe('');
    expect(stderr).toBe("Unknown option '--colour'. --help shows what there is.\n");
    expect(status).toBe(125);
  });

  it('answers a flag without its value with one sentence', () => {
    const { status, stderr } = call(runner, '--output');
    expect(stderr).toBe("Option '--output <value>' argument missing. --help shows what there is.\n");
    expect(status).toBe(125);
  });
});
