/**
 * Measures the operator on a real control plane with pretended nodes.
 *
 *   npm run bench:operator                            100 and 1,000 apps
 *   npm run bench:operator -- 5000                    so many
 *   npm run bench:operator -- 100 --idle 60           a shorter look at rest than ten minutes
 *   npm run bench:operator -- 100 --kubevirt real     with KubeVirt's own programs
 *   npm run bench:operator -- 1000 --rate 20          applies a second
 *   npm run bench:operator -- 5000 --alone            against an API server in memory: what the operator itself costs
 *
 * Prints a table; writes result.json and README.md to build/bench/operator (--output FOLDER).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseFlags } from '../../guest/flags.ts';
import { checkout } from '../../guest/paths.ts';
import { type Measurement, measure } from './measure.ts';
import { measureAlone } from './measure-alone.ts';
import { markdownPage, terminalTable } from './tables.ts';

const { values: flags, positionals } = parseFlags(import.meta.url, {
  allowPositionals: true,
  options: {
    kubevirt: { type: 'string', default: 'double' },
    rate: { type: 'string', default: '50' },
    idle: { type: 'string', default: '600' },
    alone: { type: 'boolean', default: false },
    output: { type: 'string', default: join(checkout, 'build', 'bench', 'operator') },
    'operator-flag': { type: 'string', multiple: true, default: [] },
    'node-flag': { type: 'string', multiple: true, default: [] },
  },
});

function amount(name: 'rate' | 'idle'): number {
  const value = Number(flags[name]);
  if (!(value > 0)) throw new Error(`--${name} is a number above 0, not "${flags[name]}"`);
  return value;
}

const log = (line: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

async function main(): Promise<void> {
  const { kubevirt } = flags;
  if (kubevirt !== 'double' && kubevirt !== 'real') throw new Error('--kubevirt is double or real');
  const sizes = positionals.length > 0 ? positionals.map(Number) : [100, 1000];
  if (!sizes.every((size) => Number.isInteger(size) && size > 0)) throw new Error('sizes are whole numbers of apps');
  const [appliesPerSecond, idleSeconds] = [amount('rate'), amount('idle')];
  mkdirSync(flags.output, { recursive: true });
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const measured: Measurement[] = [];
  for (const size of sizes) {
    measured.push(
      await (flags.alone ? measureAlone : measure)({
        size,
        kubevirt,
        appliesPerSecond,
        idleSeconds,
        operatorFlags: flags['operator-flag'],
        nodeFlags: flags['node-flag'],
        log,
      }),
    );
    // After each size: a larger one may not come to its end.
    const result = { measured: new Date().toISOString(), machine, load: loadavg(), measurements: measured };
    writeFileSync(join(flags.output, 'result.json'), `${JSON.stringify(result, null, 1)}\n`);
    writeFileSync(join(flags.output, 'README.md'), markdownPage(measured, new Date(), machine));
  }
  process.stdout.write(terminalTable(measured));
}

try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`bench:operator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(125);
}
