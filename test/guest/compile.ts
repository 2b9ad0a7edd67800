/** Compiles C and C++ programs, cached by what they are made of. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './command.ts';
import { buildFolder } from './paths.ts';

export type Variant = 'dynamic' | 'static' | 'static-pie' | 'musl';
export const variants: readonly Variant[] = ['dynamic', 'static', 'static-pie', 'musl'];

export interface CompileJob {
  readonly source: string;
  readonly variant: Variant;
  readonly library?: boolean;
  readonly flags?: readonly string[];
}

const warnings = [
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wno-stringop-overflow',
  '-Wno-stringop-overread',
  '-Wno-unused-function',
];

const variantFlags: Record<Variant, readonly string[]> = {
  dynamic: ['-pie', '-fPIE'],
  static: ['-static'],
  'static-pie': ['-static-pie', '-fPIE'],
  // The kernel's own headers (linux/*.h) are the same for every C library.
  musl: ['-pie', '-fPIE', '-idirafter', '/usr/include', '-idirafter', '/usr/include/x86_64-linux-gnu'],
};

function commandOf(job: CompileJob): string[] {
  const cpp = job.source.endsWith('.cc');
  const compiler = job.variant === 'musl' ? 'musl-gcc' : cpp ? 'g++' : 'gcc';
  const kind = job.library ? ['-shared', '-fPIC'] : variantFlags[job.variant];
  const standard = cpp ? ['-std=c++20'] : ['-std=gnu17'];
  return [compiler, '-O1', '-s', ...standard, ...warnings, '-pthread', ...kind, ...(job.flags ?? [])];
}

/** The text of a source and of all headers that it includes with quotes. */
function sourceText(path: string, seen = new Set<string>()): string {
  if (seen.has(path)) return '';
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  const included = [...text.matchAll(/^#include "([^"]+)"/gm)].map((match) => join(dirname(path), match[1] as string));
  return text + included.map((header) => sourceText(header, seen)).join('');
}

let compilerIdentity: Promise<string> | undefined;
async function identity(): Promise<string> {
  compilerIdentity ??= (async () => {
    const version = await run('gcc', ['--version']);
    return version.stdout.toString().split('\n')[0] ?? '';
  })();
  return compilerIdentity;
}

const inProgress = new Map<string, Promise<string>>();

/** The path of the compiled program or library; an error holds what the compiler said. */
export async function compile(job: CompileJob): Promise<string> {
  const command = commandOf(job);
  const key = createHash('sha256')
    .update(JSON.stringify([await identity(), command, sourceText(job.source)]))
    .digest('hex');
  const output = join(buildFolder('compiled'), key.slice(0, 24));
  if (existsSync(output)) return output;
  const running = inProgress.get(output) ?? compileInto(output, command, job);
  inProgress.set(output, running);
  return running;
}

async function compileInto(output: string, command: readonly string[], job: CompileJob): Promise<string> {
  const unfinished = `${output}.${process.pid}`;
  const result = await run(command[0] as string, [...command.slice(1), '-o', unfinished, job.source, '-lm', '-ldl']);
  if (result.code !== 0) throw new Error(`${job.source} (${job.variant}): ${result.stderr.toString().trim()}`);
  renameSync(unfinished, output);
  return output;
}
