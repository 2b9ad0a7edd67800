/**
 * Programs that strain the kernel with many threads at once and check themselves, on Linux and on OS^v with 1 and
 * with 4 CPUs; and one program run while memory or the disk fails.
 *
 *   npm run stress                       ten minutes: rounds with other seeds, then failures
 *   npm run stress -- --short            every program once, for CI
 *   npm run stress -- locks tcp --minutes 2 --cpus 4
 *   npm run stress -- failures --boots 1000     the failing memory and disk in many places
 *
 * Exit code 0 if nothing was wrong. A run that does not end in time is reported with the kernel's backtrace.
 */
import { join } from 'node:path';
import { mapLimited } from '../guest/command.ts';
import { parseFlags } from '../guest/flags.ts';
import { buildFolder } from '../guest/paths.ts';
import { finishSuite, runSuite } from '../guest/suite.ts';
import { sweep } from './failures.ts';
import { findPrograms } from './programs.ts';
import { makeCases, type StressCase } from './roots.ts';
import { type RunOptions, type StressRow, stressLinux, stressOsv } from './runs.ts';

const { values: flags, positionals } = parseFlags(import.meta.url, {
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    cpus: { type: 'string', default: '1,4' },
    boots: { type: 'string' },
    minutes: { type: 'string', default: '10' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '120' },
    system: { type: 'string', default: 'both' },
    output: { type: 'string', default: join(buildFolder('stress'), 'result.json') },
  },
});

const jobs = Number(flags.jobs);
const milliseconds = Number(flags.seconds ?? (flags.short ? 0.5 : 5)) * 1000;

function report(row: StressRow): StressRow {
  process.stdout.write(`${row.passed ? 'ok    ' : 'FAILED'} ${row.id} (${row.wallMs} ms)\n`);
  for (const reason of row.reasons) process.stdout.write(`    ${reason}\n`);
  return row;
}

/** Every program once on each system. */
async function round(cases: readonly StressCase[], seed: number): Promise<StressRow[]> {
  const options = (cpus: number): RunOptions => ({
    milliseconds,
    seed,
    cpus,
    timeoutMs: Number(flags.timeout) * 1000 + milliseconds,
  });
  const runs = cases.flatMap((one) => {
    const onLinux = flags.system !== 'osv' && one.program.onLinux ? [() => stressLinux(one, options(0))] : [];
    const cpus = flags.system === 'linux' ? [] : flags.cpus.split(',').map(Number);
    return [...onLinux, ...cpus.map((count) => () => stressOsv(one, options(count)))];
  });
  return mapLimited(runs, jobs, async (run) => report(await run()));
}

async function main(): Promise<number> {
  const programs = findPrograms().filter(
    ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
  );
  if (programs.length === 0) throw new Error(`no program has a name with ${positionals.join(' or ')}`);
  const cases = await makeCases(programs, jobs);
  const rows: StressRow[] = [];
  const end = performance.now() + Number(flags.minutes) * 60_000;
  let seed = Number(flags.seed);
  do {
    rows.push(...(await round(cases, seed++)));
  } while (!flags.short && performance.now() < end);
  const failing = cases.find(({ program }) => program.name === 'failures');
  const boots = Number(flags.boots ?? (flags.short ? 24 : 400));
  if (failing !== undefined && flags.system !== 'linux' && boots > 0) {
    const timeoutMs = Number(flags.timeout) * 1000;
    rows.push(...(await sweep(failing, { boots, seed: Number(flags.seed), jobs, timeoutMs, report })));
  }
  return finishSuite('stress', rows, flags.output);
}

await runSuite('stress', main);
