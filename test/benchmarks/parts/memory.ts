/** The smallest memory that boots hello and Redis, found by halving. */
import { join } from 'node:path';
import { compile } from '../../guest/compile.ts';
import { type Machine, prepareMachine, type System } from '../../guest/machine.ts';
import { testFolder } from '../../guest/paths.ts';
import type { BenchmarkPart, BenchmarkRow, PartOptions } from '../result.ts';
import { redisArguments, redisProgram } from './redis.ts';

type Starter = (change: { memoryMib: number }) => Machine;

async function boots(start: Starter, memoryMib: number, text: string | RegExp): Promise<boolean> {
  const machine = start({ memoryMib });
  try {
    await machine.waitFor(text, 30_000);
    return true;
  } catch {
    return false;
  } finally {
    await machine.stop();
  }
}

/** Smallest whole MiB in (low, high] that boots; undefined if high itself does not. */
export async function smallest(
  works: (mib: number) => Promise<boolean>,
  low: number,
  high: number,
): Promise<number | undefined> {
  if (!(await works(high))) return undefined;
  let bad = low;
  let good = high;
  while (good - bad > 1) {
    const middle = (good + bad) >> 1;
    if (await works(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

async function run({ systems, log }: PartOptions): Promise<BenchmarkRow[]> {
  const hello = await compile({ source: join(testFolder, 'benchmarks', 'programs', 'hello.c'), variant: 'static' });
  const figures: Record<'hello' | 'redis', Partial<Record<System, number>>> = { hello: {}, redis: {} };
  for (const system of systems) {
    const startHello = await prepareMachine({
      system,
      name: 'hello',
      files: { '/hello': hello },
      command: ['/hello'],
      programIsInit: true,
    });
    const startRedis = await prepareMachine({
      system,
      name: 'redis-boot',
      files: { [redisProgram]: redisProgram },
      command: redisArguments,
    });
    log(`smallest memory on ${system}`);
    const forHello = await smallest((mib) => boots(startHello, mib, /hello\r?\n/), 1, 256);
    const forRedis = await smallest((mib) => boots(startRedis, mib, 'Ready to accept connections'), 1, 256);
    if (forHello !== undefined) figures.hello[system] = forHello;
    if (forRedis !== undefined) figures.redis[system] = forRedis;
  }
  const row = (id: 'hello' | 'redis', label: string, bound: number): BenchmarkRow => ({
    id: `memory.${id}`,
    label,
    unit: 'MiB',
    better: 'lower',
    linux: figures[id].linux,
    osv: figures[id].osv,
    bound,
  });
  return [
    row('hello', 'smallest memory that boots hello', 14),
    row('redis', 'smallest memory that boots Debian’s Redis', 44),
  ];
}

export const memory: BenchmarkPart = {
  name: 'memory',
  title: 'Smallest memory',
  conditions: 'QEMU q35, TCG, 1 vCPU; whole MiB, found by halving between 1 and 256',
  run,
};
