/** Instructions an operation: `-icount` makes a nanosecond of guest time one instruction, the same on every run. */
import { join } from 'node:path';
import { compile } from '../../guest/compile.ts';
import { type System, startMachine } from '../../guest/machine.ts';
import { testFolder } from '../../guest/paths.ts';
import type { BenchmarkPart, BenchmarkRow, PartOptions } from '../result.ts';

const table: readonly (readonly [name: string, label: string, bound: number])[] = [
  ['trivial_call', 'trivial system call (getppid)', 80],
  ['clock_gettime', 'clock_gettime', 50],
  ['futex_ping_pong', 'futex ping-pong, two switches', 2400],
  ['sched_yield', 'sched_yield switch', 460],
  ['eventfd_ping_pong', 'eventfd ping-pong', 2600],
  ['thread_create_join', 'thread create + join', 18_000],
  ['first_touch', 'first touch of anonymous memory, per 4 KiB', 4200],
  ['munmap', 'munmap of it, per 4 KiB', 5],
  ['small_mapping', 'mmap 8 KiB + touch a page + munmap', 7000],
  ['pipe_byte', 'pipe write + read, 1 byte', 800],
  ['tcp_request_response', 'loopback TCP request-response, 64 bytes', 10_000],
];

/** Rows in which zeroing pages is counted, iteration by iteration. */
const zeroed = new Set(['first_touch', 'small_mapping']);

/** One row a machine: a crash in one costs no other figure. */
async function measure(
  system: System,
  program: string,
  rows: readonly string[],
  log: (message: string) => void,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  const groups = system === 'linux' ? [[...rows]] : rows.map((row) => [row]);
  for (const group of groups) {
    const machine = await startMachine({
      system,
      name: 'micro',
      files: { '/micro': program },
      command: ['/micro', ...group],
      memoryMib: 512,
      countInstructions: true,
    });
    try {
      await machine.waitFor(/\{"(?:zeroing|error)".*\}/, 120_000);
      const text = /\{"(?:zeroing|error)".*\}/.exec(machine.output())?.[0] ?? '{}';
      const parsed = JSON.parse(text) as Record<string, number | string>;
      if (typeof parsed.error === 'string') log(`${system}: ${group.join(' ')}: ${parsed.error}`);
      else Object.assign(figures, parsed);
    } catch (error) {
      log(`${system}: ${group.join(' ')}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await machine.stop();
    }
  }
  return figures;
}

async function run({ systems, log }: PartOptions): Promise<BenchmarkRow[]> {
  const program = await compile({
    source: join(testFolder, 'benchmarks', 'programs', 'micro.c'),
    variant: 'static',
    flags: ['-O2'],
  });
  const names = table.map(([name]) => name);
  const figures: Partial<Record<System, Record<string, number>>> = {};
  for (const system of systems) {
    log(`micro-benchmarks on ${system}`);
    figures[system] = await measure(system, program, names, log);
  }
  const zeroing = figures.linux?.zeroing ?? figures.osv?.zeroing;
  return table.map(([name, label, bound]) => ({
    id: `micro.${name}`,
    label,
    unit: 'instructions',
    better: 'lower',
    linux: figures.linux?.[name],
    osv: figures.osv?.[name],
    bound,
    ...(zeroed.has(name) && zeroing !== undefined
      ? { note: `clearing a page counts ${zeroing} with rep stosb, which Linux takes here, and 512 with rep stosq` }
      : {}),
  }));
}

export const micro: BenchmarkPart = {
  name: 'micro',
  title: 'Micro-benchmarks',
  conditions: 'QEMU q35, TCG with -icount shift=0,sleep=off, -cpu max, 1 vCPU, 512 MiB; Linux with mitigations=off',
  run,
};
