/**
 * TCP through a bad network: loss 3 %, reordering 10 %, duplicates 1 %, damaged frames 1 %, 20 ms of delay each way.
 *
 *   npm run bad-wire                  ten seeds, 100 MB each way and 1,000 short connections for each (about 15 minutes)
 *   npm run bad-wire -- --short       two seeds, 5 MB and 200 connections, for CI
 *   npm run bad-wire -- --seeds 7     the one that failed, again
 *   npm run bad-wire -- --system linux   is the wire fair?
 *   npm run bad-wire -- --host-congestion cubic   the host sends as the guests do, whatever its own default is (BBR?)
 *
 * Exit code 0 if every byte was right and every connection ended properly. Needs root, for a network namespace.
 */
import { join } from 'node:path';
import { mapLimited } from '../../guest/command.ts';
import { parseFlags } from '../../guest/flags.ts';
import type { System } from '../../guest/machine.ts';
import { buildFolder } from '../../guest/paths.ts';
import { finishSuite, runSuite } from '../../guest/suite.ts';
import { runTrial } from './trial.ts';

const { values: flags } = parseFlags(import.meta.url, {
  options: {
    short: { type: 'boolean', default: false },
    seeds: { type: 'string' },
    megabytes: { type: 'string' },
    connections: { type: 'string' },
    parallel: { type: 'string', default: '16' },
    jobs: { type: 'string', default: '5' },
    cpus: { type: 'string', default: '1' },
    system: { type: 'string', default: 'osv' },
    timeout: { type: 'string' },
    loss: { type: 'string', default: '0.03' },
    reorder: { type: 'string', default: '0.10' },
    duplicate: { type: 'string', default: '0.01' },
    damage: { type: 'string', default: '0.01' },
    'delay-ms': { type: 'string', default: '20' },
    'host-congestion': { type: 'string' },
    output: { type: 'string', default: join(buildFolder('packets'), 'bad-wire.json') },
  },
});

async function main(): Promise<number> {
  const seeds = (flags.seeds ?? (flags.short ? '1,2' : '1,2,3,4,5,6,7,8,9,10')).split(',').map(Number);
  const bytes = Number(flags.megabytes ?? (flags.short ? 5 : 100)) * 1_000_000;
  const results = await mapLimited(seeds, Number(flags.jobs), async (seed) => {
    const result = await runTrial({
      system: flags.system as System,
      wire: {
        seed,
        loss: Number(flags.loss),
        reorder: Number(flags.reorder),
        duplicate: Number(flags.duplicate),
        damage: Number(flags.damage),
        delayMs: Number(flags['delay-ms']),
      },
      bytes,
      connections: Number(flags.connections ?? (flags.short ? 200 : 1000)),
      parallel: Number(flags.parallel),
      cpus: Number(flags.cpus),
      hostCongestion: flags['host-congestion'] === undefined ? [] : [flags['host-congestion']],
      timeoutMs: Number(flags.timeout ?? (flags.short ? 180 : 1800)) * 1000,
    });
    process.stdout.write(`${result.passed ? 'ok    ' : 'FAILED'} ${result.id} ${JSON.stringify(result.details)}\n`);
    for (const reason of result.reasons) process.stdout.write(`    ${reason}\n`);
    return result;
  });
  return finishSuite('bad-wire', results, flags.output);
}

await runSuite('bad-wire', main);
