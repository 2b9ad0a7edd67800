/** One run of a stress program, on Linux or on OS^v, and why it was not right. */
import { kernelPath } from '../guest/paths.ts';
import { quoteWord, runGuest } from '../guest/qemu.ts';
import { describeEnd, type Outcome } from '../linux-conformance/outcome.ts';
import { runOnLinux } from '../linux-conformance/run-on-linux.ts';
import type { StressCase } from './roots.ts';

export interface RunOptions {
  readonly milliseconds: number;
  readonly seed: number;
  readonly cpus: number;
  /** A run that has not ended by then hangs. */
  readonly timeoutMs: number;
}

export interface StressRow {
  readonly id: string;
  readonly passed: boolean;
  readonly reasons: readonly string[];
  readonly wallMs: number;
}

/** A hang's report holds this many lines of the kernel's log: the backtrace is among them. */
const logLines = 40;

function problems({ program }: StressCase, actual: Outcome, log: string | undefined): string[] {
  const reasons: string[] = [];
  if (JSON.stringify(actual.end) !== JSON.stringify(program.end)) {
    reasons.push(`end: expected ${describeEnd(program.end)}, actual ${describeEnd(actual.end)}`);
  }
  const said = actual.stdout.toString('latin1') + actual.stderr.toString('latin1');
  if (said !== program.prints) reasons.push(`it said: ${JSON.stringify(said.slice(0, 1000))}`);
  if (log !== undefined && !log.includes(program.logs)) reasons.push(`the kernel did not say "${program.logs}"`);
  if (log !== undefined && reasons.length > 0) reasons.push(...log.trimEnd().split('\n').slice(-logLines));
  return reasons;
}

/** The program must be right on Linux, or it cannot judge OS^v. */
export async function stressLinux(one: StressCase, options: RunOptions): Promise<StressRow> {
  const started = performance.now();
  const program = {
    arguments: [`${options.milliseconds}`, `${options.seed}`, ...one.program.linuxArguments],
    input: '',
  };
  const actual = await runOnLinux({ root: one.root, path: one.path, program }, options.timeoutMs);
  const reasons = problems(one, actual, undefined);
  const id = `${one.program.name}, Linux, seed ${options.seed}`;
  return { id, passed: reasons.length === 0, reasons, wallMs: Math.round(performance.now() - started) };
}

export async function stressOsv(one: StressCase, options: RunOptions): Promise<StressRow> {
  const words = [one.path, `${options.milliseconds}`, `${options.seed}`].map(quoteWord).join(' ');
  const guest = await runGuest({
    kernel: kernelPath,
    commandLine: `-- ${words}`,
    disks: { root: one.image },
    cpus: options.cpus,
    memoryMib: one.program.memoryMib,
    timeoutMs: options.timeoutMs,
    backtraceAtTimeout: true,
  });
  const reasons = problems(one, guest, guest.serial);
  const id = `${one.program.name}, ${options.cpus} CPU${options.cpus > 1 ? 's' : ''}, seed ${options.seed}`;
  return { id, passed: reasons.length === 0, reasons, wallMs: Math.round(guest.wallMs) };
}
