/**
 * Runs the conformance programs on Linux and on OS^v and compares what they print, on standard output and
 * standard error, and how they end.
 *
 *   npm run conformance                          every program, every variant, with 1 and with 4 CPUs
 *   npm run conformance -- --quick               every program once: variants and CPU counts take turns
 *   npm run conformance -- futex signals/fpu     only programs whose name holds one of the words
 *   npm run conformance -- --linux-only --rounds 5   are the programs themselves deterministic?
 *
 * Exit code 0 if all are the same, 1 if not, 125 if the run itself failed.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mapLimited } from '../guest/command.ts';
import { type Variant, variants } from '../guest/compile.ts';
import { parseFlags } from '../guest/flags.ts';
import { buildFolder, kernelPath } from '../guest/paths.ts';
import { runSuite } from '../guest/suite.ts';
import { type ConformanceCase, makeCases } from './cases.ts';
import { expectedOf } from './expectations.ts';
import { describeEnd, differences } from './outcome.ts';
import { findPrograms } from './programs.ts';
import { failureReport, type Row, summaryLine } from './report.ts';
import { runOnLinux } from './run-on-linux.ts';
import { runOnOsv } from './run-on-osv.ts';

const { values: flags, positionals } = parseFlags(import.meta.url, {
  allowPositionals: true,
  options: {
    variants: { type: 'string', default: variants.join(',') },
    cpus: { type: 'string', default: '1,4' },
    quick: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
    memory: { type: 'string', default: '256' },
    timeout: { type: 'string', default: '60' },
    root: { type: 'string', default: 'disk' },
    console: { type: 'string', default: 'ports' },
    'linux-only': { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '1' },
    output: { type: 'string', default: join(buildFolder('conformance'), 'result.json') },
    failures: { type: 'string', default: join(buildFolder('conformance'), 'failures.md') },
    list: { type: 'boolean', default: false },
  },
});

const timeoutMs = Number(flags.timeout) * 1000;
const jobs = Number(flags.jobs);

interface Run {
  readonly one: ConformanceCase;
  readonly cpus: number;
}

/** In a quick run each program boots once; the whole set still meets all variants and CPU counts. */
function chooseRuns(cases: readonly ConformanceCase[], cpuCounts: readonly number[]): Run[] {
  if (!flags.quick) return cases.flatMap((one) => cpuCounts.map((cpus) => ({ one, cpus })));
  const byProgram = Map.groupBy(cases, (one) => one.program.id);
  return [...byProgram.values()].map((list, index) => ({
    one: list[index % list.length] as ConformanceCase,
    cpus: cpuCounts[Math.floor(index / 2) % cpuCounts.length] as number,
  }));
}

async function compareOne({ one, cpus }: Run): Promise<Row> {
  const id = `${one.id}, ${cpus} CPU${cpus > 1 ? 's' : ''}`;
  const expected = await expectedOf(one, timeoutMs, flags.fresh);
  const broken = expected.end.kind === 'timeout' ? 'no end in time on Linux itself' : undefined;
  if (broken !== undefined)
    return { id, program: one.program.id, passed: false, reasons: [broken], serialTail: '', wallMs: 0 };
  const actual = await runOnOsv(one, {
    cpus,
    memoryMib: Number(flags.memory),
    timeoutMs,
    root: flags.root as 'disk' | 'initrd',
    console: flags.console as 'ports' | 'serial',
  });
  // One line of output for two streams: on the serial line they cannot be told apart.
  const wanted =
    flags.console === 'serial'
      ? { ...expected, stdout: Buffer.concat([expected.stdout, expected.stderr]), stderr: Buffer.alloc(0) }
      : expected;
  const reasons = differences(wanted, actual);
  const messages = actual.guest.qemuMessages.trim();
  if (reasons.length > 0 && messages !== '') reasons.push(`QEMU: ${messages.slice(-300)}`);
  return {
    id,
    program: one.program.id,
    passed: reasons.length === 0,
    reasons,
    serialTail: actual.guest.serial.split('\n').slice(-20).join('\n'),
    wallMs: Math.round(actual.guest.wallMs),
  };
}

/** Runs every case several times on Linux: a program whose text changes cannot judge anything. */
async function checkDeterminism(cases: readonly ConformanceCase[]): Promise<Row[]> {
  return mapLimited(cases, jobs, async (one) => {
    const first = await runOnLinux(one, timeoutMs);
    const reasons: string[] = [];
    if (first.end.kind === 'timeout' || (first.end.kind === 'exit' && first.end.code >= 98 && first.end.code < 128)) {
      reasons.push(
        `${describeEnd(first.end)}: ${first.stdout.toString().slice(-300)}${first.stderr.toString().slice(-300)}`,
      );
    }
    for (let round = 1; round < Number(flags.rounds) && reasons.length === 0; round++) {
      reasons.push(...differences(first, await runOnLinux(one, timeoutMs)));
    }
    const row = {
      id: one.id,
      program: one.program.id,
      passed: reasons.length === 0,
      reasons,
      serialTail: '',
      wallMs: 0,
    };
    if (!row.passed) process.stdout.write(`FAILED ${row.id}\n  ${reasons.join('\n  ')}\n`);
    return row;
  });
}

async function main(): Promise<number> {
  const programs = findPrograms().filter(
    (program) => positionals.length === 0 || positionals.some((word) => program.id.includes(word)),
  );
  if (programs.length === 0) throw new Error(`no program has a name with ${positionals.join(' or ')}`);
  if (flags.list) {
    for (const program of programs) process.stdout.write(`${program.id.padEnd(40)} ${program.about}\n`);
    return 0;
  }
  process.stderr.write(`compiling ${programs.length} programs…\n`);
  const cases = await makeCases(programs, flags.variants.split(',') as Variant[], jobs);
  let rows: Row[];
  if (flags['linux-only']) {
    rows = await checkDeterminism(cases);
  } else {
    if (!existsSync(kernelPath)) throw new Error('there is no kernel yet: npm run build:kernel makes it');
    const runs = chooseRuns(cases, flags.cpus.split(',').map(Number));
    let done = 0;
    rows = await mapLimited(runs, jobs, async (run) => {
      const row = await compareOne(run);
      done++;
      process.stdout.write(
        `${row.passed ? 'ok    ' : 'FAILED'} ${row.id} (${row.wallMs} ms) [${done}/${runs.length}]\n`,
      );
      for (const reason of row.reasons) process.stdout.write(`    ${reason}\n`);
      return row;
    });
  }
  mkdirSync(dirname(flags.output), { recursive: true });
  const passed = rows.filter((row) => row.passed).length;
  const result = { suite: 'linux-conformance', programs: programs.length, passed, failed: rows.length - passed, rows };
  writeFileSync(flags.output, `${JSON.stringify(result, null, 1)}\n`);
  writeFileSync(flags.failures, failureReport(rows));
  process.stdout.write(`${summaryLine(rows)}\n`);
  return passed === rows.length ? 0 : 1;
}

await runSuite('conformance', main);
