/**
 * Boots again and again: no hang, no crash, an orderly power-off each time, and other addresses at each boot.
 *
 *   npm run boots                     200 boots, with 1, 2, 3 and 4 CPUs in turn
 *   npm run boots -- --count 1000     for the figures on address space layout
 *
 * Exit code 0 if every boot was right. The last line is `N passed, N failed`.
 */
import { join } from 'node:path';
import { applicationRoot } from '../guest/application-root.ts';
import { mapLimited } from '../guest/command.ts';
import { compile } from '../guest/compile.ts';
import { parseFlags } from '../guest/flags.ts';
import { buildFolder, kernelPath, testFolder } from '../guest/paths.ts';
import { runGuest } from '../guest/qemu.ts';
import { finishSuite, runSuite } from '../guest/suite.ts';
import { complaints, judge, type Sample } from './randomness.ts';

const { values: flags } = parseFlags(import.meta.url, {
  options: {
    count: { type: 'string', default: '200' },
    cpus: { type: 'string', default: '1,2,3,4' },
    jobs: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '30' },
    output: { type: 'string', default: join(buildFolder('boots'), 'result.json') },
  },
});

interface Row {
  readonly id: string;
  readonly passed: boolean;
  readonly reasons: readonly string[];
  readonly bootMicroseconds?: number | undefined;
  readonly sample?: Sample;
}

async function bootOnce(root: string, index: number, cpus: number): Promise<Row> {
  const id = `boot ${index + 1}, ${cpus} CPU${cpus > 1 ? 's' : ''}`;
  const guest = await runGuest({
    kernel: kernelPath,
    commandLine: '-- /where',
    disks: { root },
    cpus,
    timeoutMs: Number(flags.timeout) * 1000,
  });
  const text = guest.stdout.toString();
  const right = guest.end.kind === 'exit' && guest.end.code === 0 && text.startsWith('{');
  if (!right)
    return { id, passed: false, reasons: [JSON.stringify(guest.end), guest.serial.slice(-1500), guest.qemuMessages] };
  return {
    id,
    passed: true,
    reasons: [],
    bootMicroseconds: guest.bootMicroseconds,
    sample: JSON.parse(text) as Sample,
  };
}

async function main(): Promise<number> {
  const program = await compile({ source: join(testFolder, 'boots', 'where.c'), variant: 'dynamic' });
  const root = await applicationRoot('boots', { '/where': program });
  const cpuCounts = flags.cpus.split(',').map(Number);
  const count = Number(flags.count);
  const rows = await mapLimited(Array.from({ length: count }), Number(flags.jobs), async (_, index) => {
    const row = await bootOnce(root, index, cpuCounts[index % cpuCounts.length] as number);
    if (!row.passed) process.stdout.write(`FAILED ${row.id}\n    ${row.reasons.join('\n    ')}\n`);
    return row;
  });
  const samples = rows.flatMap((row) => (row.sample === undefined ? [] : [row.sample]));
  const judgements = judge(samples);
  for (const { area, distinct, changingBits } of judgements) {
    process.stdout.write(
      `${area.padEnd(12)} ${distinct} different values in ${samples.length} boots, ${changingBits} bits change\n`,
    );
  }
  const reasons = complaints(judgements, samples.length);
  for (const reason of reasons) process.stdout.write(`FAILED address space layout: ${reason}\n`);
  const all: Row[] = [...rows, { id: 'address space layout', passed: reasons.length === 0, reasons }];
  return finishSuite('boots', all, flags.output, { layout: judgements });
}

await runSuite('boots', main);
