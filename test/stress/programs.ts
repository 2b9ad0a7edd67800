/** Finds the stress programs and reads what the comment at their top says about how to build and judge them. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GuestEnd } from '../guest/qemu.ts';

export interface StressProgram {
  readonly name: string;
  readonly source: string;
  /** The first comment line: what must hold. */
  readonly about: string;
  readonly compileFlags: readonly string[];
  /** Whether Linux runs it, too, to judge the program itself. */
  readonly onLinux: boolean;
  /** After time and seed, on Linux only: it shares the host with others. */
  readonly linuxArguments: readonly string[];
  readonly memoryMib: number;
  /** Size of the file /data of the root; 0: none. */
  readonly dataMib: number;
  /** How it must end. */
  readonly end: GuestEnd;
  /** What must be on its standard output. */
  readonly prints: string;
  /** What must be in the kernel's log. */
  readonly logs: string;
}

export const programsFolder = join(dirname(fileURLToPath(import.meta.url)), 'programs');

const directives = ['compile', 'linux', 'linux-arguments', 'memory', 'data', 'ends', 'says'];
const memoryDefaultMib = 256;

/** Reads one program's directives; an unknown one is an error. */
export function parseProgram(source: string, text: string): StressProgram {
  const values = new Map<string, string>();
  const lines = text.split('\n');
  for (const line of lines.filter((one) => one.startsWith('// '))) {
    const match = /^\/\/ ([a-z-]+): (.*)$/.exec(line);
    if (!match) continue;
    const [, key = '', value = ''] = match;
    if (!directives.includes(key)) throw new Error(`${source}: unknown directive "${key}"`);
    values.set(key, value);
  }
  const name = basename(source, '.c');
  const signal = /^signal (\d+)$/.exec(values.get('ends') ?? '')?.[1];
  if (values.has('ends') && signal === undefined) throw new Error(`${source}: it ends by "signal N" or not at all`);
  return {
    name,
    source,
    about: lines[0]?.replace(/^\/\/ /, '') ?? '',
    compileFlags: values.get('compile')?.split(' ') ?? [],
    onLinux: values.get('linux') !== 'no',
    linuxArguments: values.get('linux-arguments')?.split(' ') ?? [],
    memoryMib: Number(values.get('memory') ?? memoryDefaultMib),
    dataMib: Number(values.get('data') ?? 0),
    end: signal === undefined ? { kind: 'exit', code: 0 } : { kind: 'signal', signal: Number(signal) },
    prints: signal === undefined ? `${name}: right\n` : '',
    logs: values.get('says') ?? '',
  };
}

/** All programs, in the order of their names. */
export function findPrograms(): StressProgram[] {
  return readdirSync(programsFolder)
    .filter((file) => file.endsWith('.c'))
    .sort()
    .map((file) => join(programsFolder, file))
    .map((source) => parseProgram(source, readFileSync(source, 'utf8')));
}
