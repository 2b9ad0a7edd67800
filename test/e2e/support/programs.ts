import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './osv.ts';

const folder = join(root, 'build', 'test', 'e2e-programs');

/** Compiles a program of test/e2e/programs, statically unless told otherwise, and returns its path. */
export function compile(name: string, ...flags: string[]): string {
  mkdirSync(folder, { recursive: true });
  const linking = flags.length > 0 ? flags : ['-static'];
  const target = join(folder, `${name}${linking.join('')}`);
  execFileSync('gcc', ['-O1', ...linking, '-o', target, join(import.meta.dirname, '..', 'programs', `${name}.c`)]);
  return target;
}
