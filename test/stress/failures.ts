/**
 * Boots one program again and again while one allocation of the kernel, or one request to its disk, fails: another one
 * in each boot. However it goes, the program or the boot ends by itself and says how; the kernel neither panics nor hangs.
 */
import { mapLimited } from '../guest/command.ts';
import { kernelPath } from '../guest/paths.ts';
import { type GuestEnd, type GuestResult, runGuest } from '../guest/qemu.ts';
import { describeEnd } from '../linux-conformance/outcome.ts';
import type { StressCase } from './roots.ts';
import type { StressRow } from './runs.ts';

export interface SweepOptions {
  /** How many boots, for allocations and requests together. */
  readonly boots: number;
  readonly seed: number;
  readonly jobs: number;
  readonly timeoutMs: number;
  readonly report: (row: StressRow) => StressRow;
}

interface Injection {
  /** Of the kernel's command line: `allocation:1000`, `block:3+`. */
  readonly text: string;
  readonly cpus: number;
}

/** The program's own word for "wrong": a call that failed with an error that it must not have, or a lost byte. */
const wrongCode = 99;
/** SIGBUS: a page that cannot be read. SIGKILL: a page without memory. SIGSEGV and SIGABRT: the C library gave up. */
const allowedSignals = [6, 7, 9, 11];
const logLines = 40;

function boot(one: StressCase, { text, cpus }: Injection, timeoutMs: number): Promise<GuestResult> {
  return runGuest({
    kernel: kernelPath,
    commandLine: `inject=${text} -- ${one.path} 0 1`,
    disks: { root: one.image },
    cpus,
    memoryMib: one.program.memoryMib,
    timeoutMs,
    backtraceAtTimeout: true,
  });
}

/** Why this end is none of those that a failure may lead to; undefined if it is one. */
export function objection(end: GuestEnd): string | undefined {
  switch (end.kind) {
    case 'exit':
      return end.code === wrongCode ? 'the program met a wrong error' : undefined;
    case 'signal':
      return allowedSignals.includes(end.signal) ? undefined : describeEnd(end);
    case 'failed':
      return /panic/.test(end.message) ? end.message : undefined;
    default:
      return describeEnd(end);
  }
}

/** How many allocations and requests the program and its boot take when none fails. */
async function measure(one: StressCase, timeoutMs: number): Promise<Record<'allocation' | 'block', number>> {
  const read = async (kind: string, pattern: RegExp): Promise<number> => {
    const { serial, end } = await boot(one, { text: `${kind}:0`, cpus: 1 }, timeoutMs);
    const count = Number(pattern.exec(serial)?.[1] ?? 0);
    if (count === 0 || objection(end) !== undefined) {
      throw new Error(`nothing was to fail, yet: ${describeEnd(end)}\n${serial.slice(-1500)}`);
    }
    return count;
  };
  return {
    allocation: await read('allocation', /injected: (\d+) allocations/),
    block: await read('block', /injected: \d+ allocations, (\d+) block/),
  };
}

/** Every n if there are boots for it, else as many as there are, evenly apart, from a start that the seed chooses. */
export function choose(count: number, boots: number, seed: number): number[] {
  if (boots >= count) return Array.from({ length: count }, (_, index) => index + 1);
  const step = count / boots;
  const start = ((seed * 0.618033988749895) % 1) * step;
  return Array.from({ length: boots }, (_, index) => 1 + Math.floor(start + index * step));
}

export async function sweep(one: StressCase, options: SweepOptions): Promise<StressRow[]> {
  const counts = await measure(one, options.timeoutMs);
  const blockBoots = Math.min(counts.block, Math.ceil(options.boots / 4));
  const numbers = (['allocation', 'block'] as const).flatMap((kind) =>
    choose(counts[kind], kind === 'block' ? blockBoots : options.boots - blockBoots, options.seed).map(
      (number) => `${kind}:${number}`,
    ),
  );
  // In turns: once and for ever, one CPU and four.
  const injections = numbers.map((text, index) => ({
    text: (index + options.seed) % 3 === 0 ? `${text}+` : text,
    cpus: (index + options.seed) % 4 === 0 ? 4 : 1,
  }));
  return mapLimited(injections, options.jobs, async (injection) => {
    const result = await boot(one, injection, options.timeoutMs);
    const reason = objection(result.end);
    const said = result.stdout.toString('latin1').slice(-500);
    return options.report({
      id: `${one.program.name}, ${injection.cpus} CPU${injection.cpus > 1 ? 's' : ''}, ${injection.text}: ${describeEnd(result.end)}`,
      passed: reason === undefined,
      reasons: reason === undefined ? [] : [reason, said, ...result.serial.trimEnd().split('\n').slice(-logLines)],
      wallMs: Math.round(result.wallMs),
    });
  });
}
