import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** Compiles a C program or library. */
export function compile(source: string, output: string, ...flags: string[]): string {
  writeFileSync(`${output}.c`, source);
  execFileSync('gcc', ['-O1', '-o', output, `${output}.c`, ...flags]);
  return output;
}
