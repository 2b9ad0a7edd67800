/**
 * Long loads on OS^v: Redis and memcached, on 1 and on 4 CPUs, every answer checked.
 *
 *   npm run load                        redis and memcached, ten minutes each, with 1 and with 4 CPUs
 *   npm run load -- --short             twenty seconds each, for CI
 *   npm run load -- redis --cpus 4 --seconds 60
 *
 * Exit code 0 if nothing was wrong. Needs root, for a network namespace.
 */
import { join } from 'node:path';
import { parseFlags } from '../guest/flags.ts';
import type { System } from '../guest/machine.ts';
import { buildFolder } from '../guest/paths.ts';
import { finishSuite, runSuite } from '../guest/suite.ts';
import { type LoadOptions, memcachedTrial, redisTrial } from './trials.ts';

const trials: Readonly<Record<string, (options: LoadOptions) => Promise<Record<string, unknown>>>> = {
  redis: redisTrial,
  memcached: memcachedTrial,
};

const { values: flags, positionals } = parseFlags(import.meta.url, {
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    cpus: { type: 'string', default: '1,4' },
    seconds: { type: 'string' },
    requests: { type: 'string' },
    system: { type: 'string', default: 'osv' },
    output: { type: 'string', default: join(buildFolder('load'), 'result.json') },
  },
});

async function main(): Promise<number> {
  const names = positionals.length === 0 ? Object.keys(trials) : positionals;
  const rows: { id: string; passed: boolean; reasons: string[]; details: Record<string, unknown> }[] = [];
  for (const name of names) {
    const trial = trials[name];
    if (trial === undefined) throw new Error(`no load ${name}; there are ${Object.keys(trials).join(', ')}`);
    for (const cpus of flags.cpus.split(',').map(Number)) {
      const id = `${name}, ${cpus} CPU${cpus > 1 ? 's' : ''}`;
      const row = { id, passed: true, reasons: [] as string[], details: {} };
      try {
        row.details = await trial({
          system: flags.system as System,
          cpus,
          seconds: Number(flags.seconds ?? (flags.short ? 20 : 600)),
          requests: Number(flags.requests ?? (flags.short ? 20_000 : 100_000)),
          log: (message) => process.stderr.write(`${message}\n`),
        });
      } catch (error) {
        row.passed = false;
        row.reasons.push(error instanceof Error ? error.message : String(error));
      }
      rows.push(row);
      process.stdout.write(`${row.passed ? 'ok    ' : 'FAILED'} ${id} ${JSON.stringify(row.details)}\n`);
      for (const reason of row.reasons) process.stdout.write(`    ${reason}\n`);
    }
  }
  return finishSuite('load', rows, flags.output);
}

await runSuite('load', main);
