/**
 * Measures OS^v and Linux side by side.
 *
 *   npm run bench                        all parts
 *   npm run bench -- micro boot          some of: micro boot size memory redis memcached
 *   npm run bench -- redis --rounds 3    fewer rounds
 *   npm run bench -- micro --systems linux
 *
 * Prints the table; writes result.json, README.md and an SVG chart a part to build/bench (--output FOLDER).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { exitOnSignals } from '../guest/command.ts';
import { parseFlags } from '../guest/flags.ts';
import { checkout } from '../guest/paths.ts';
import { boot } from './parts/boot.ts';
import { memcached } from './parts/memcached.ts';
import { memory } from './parts/memory.ts';
import { micro } from './parts/micro.ts';
import { redis } from './parts/redis.ts';
import { size } from './parts/size.ts';
import { chart, markdownPage, type PartReport, terminalTable } from './report.ts';
import type { BenchmarkPart } from './result.ts';

const parts: readonly BenchmarkPart[] = [micro, boot, size, memory, redis, memcached];

const { values: flags, positionals } = parseFlags(import.meta.url, {
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    systems: { type: 'string', default: 'linux,osv' },
    output: { type: 'string', default: join(checkout, 'build', 'bench') },
  },
});

const log = (message: string): void => {
  process.stderr.write(`${message}\n`);
};

async function main(): Promise<void> {
  const unknown = positionals.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0)
    throw new Error(`no part ${unknown.join(', ')}; there are ${parts.map((part) => part.name).join(', ')}`);
  const wanted = parts.filter((part) => positionals.length === 0 || positionals.includes(part.name));
  const systems = flags.systems.split(',') as ('linux' | 'osv')[];
  const reports: PartReport[] = [];
  for (const part of wanted) {
    const { name, title, conditions } = part;
    reports.push({ name, title, conditions, rows: await part.run({ rounds: Number(flags.rounds), systems, log }) });
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  mkdirSync(flags.output, { recursive: true });
  writeFileSync(
    join(flags.output, 'result.json'),
    `${JSON.stringify({ measured: new Date().toISOString(), machine, parts: reports }, null, 1)}\n`,
  );
  writeFileSync(join(flags.output, 'README.md'), markdownPage(reports, new Date(), machine));
  for (const report of reports) writeFileSync(join(flags.output, `${report.name}.svg`), chart(report));
  process.stdout.write(terminalTable(reports));
}

exitOnSignals();
try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 125;
}
