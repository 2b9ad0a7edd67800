/** Time from QEMU's start to the program's first words, both guests in turn. */
import { join } from 'node:path';
import { applicationRoot } from '../../guest/application-root.ts';
import { compile } from '../../guest/compile.ts';
import { type Machine, prepareMachine, type System } from '../../guest/machine.ts';
import { kernelPath, testFolder } from '../../guest/paths.ts';
import { runGuest } from '../../guest/qemu.ts';
import { append, type BenchmarkPart, type BenchmarkRow, median, type PartOptions } from '../result.ts';
import { redisArguments, redisProgram } from './redis.ts';

type Starter = () => Machine;

async function sample(start: Starter, text: string | RegExp): Promise<number> {
  const machine = start();
  try {
    return await machine.waitFor(text, 60_000);
  } finally {
    await machine.stop();
  }
}

/** Samples all systems in turn; a system that fails is left out, with its last words in the log. */
async function compare(
  starters: Partial<Record<System, Starter>>,
  text: string | RegExp,
  { rounds, log }: PartOptions,
): Promise<Partial<Record<System, number>>> {
  const samples: Partial<Record<System, number[]>> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [system, start] of Object.entries(starters) as [System, Starter][]) {
      try {
        append(samples, system, await sample(start, text));
      } catch (error) {
        log(error instanceof Error ? error.message : String(error));
      }
    }
  }
  const result: Partial<Record<System, number>> = {};
  for (const [system, list] of Object.entries(samples) as [System, number[]][]) {
    const middle = median(list);
    if (middle !== undefined) result[system] = middle;
  }
  return result;
}

/** Kernel entry to first instruction, as OS^v itself reports it on its control port. */
async function ownBootTime(program: string, rounds: number): Promise<number | undefined> {
  const root = await applicationRoot('boot-hello', { '/hello': program });
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const guest = await runGuest({ kernel: kernelPath, commandLine: '-- /hello', disks: { root }, timeoutMs: 30_000 });
    if (guest.bootMicroseconds !== undefined) samples.push(guest.bootMicroseconds / 1000);
  }
  return median(samples);
}

async function run(options: PartOptions): Promise<BenchmarkRow[]> {
  const { systems, log } = options;
  const hello = await compile({ source: join(testFolder, 'benchmarks', 'programs', 'hello.c'), variant: 'static' });
  const starters: Partial<Record<System, Starter>> = {};
  const redisStarters: Partial<Record<System, Starter>> = {};
  for (const system of systems) {
    starters[system] = await prepareMachine({
      system,
      name: 'hello',
      files: { '/hello': hello },
      command: ['/hello'],
      programIsInit: true,
    });
    redisStarters[system] = await prepareMachine({
      system,
      name: 'redis-boot',
      files: { [redisProgram]: redisProgram },
      command: redisArguments,
    });
  }
  log('boot to hello');
  const toHello = await compare(starters, /hello\r?\n/, options);
  log('boot to Redis ready');
  const toRedis = await compare(redisStarters, 'Ready to accept connections', options);
  const own = systems.includes('osv') ? await ownBootTime(hello, options.rounds) : undefined;
  // QEMU's own start and its firmware cost both guests the same; what is left is the guest's part.
  const firmware = toHello.osv !== undefined && own !== undefined ? toHello.osv - own : undefined;
  const linuxPart = firmware !== undefined && toHello.linux !== undefined ? toHello.linux - firmware : undefined;
  return [
    {
      id: 'boot.hello',
      label: 'QEMU start to "hello" on the serial line',
      unit: 'ms',
      better: 'lower',
      linux: toHello.linux,
      osv: toHello.osv,
      bound: 300,
    },
    {
      id: 'boot.guest',
      label: 'guest part: kernel entry to the program’s first instruction',
      unit: 'ms',
      better: 'lower',
      linux: linuxPart,
      osv: own,
      ratioWanted: 20,
      note: 'OS^v by its own clock; Linux: its time to "hello" less the QEMU and firmware time of the OS^v run',
    },
    {
      id: 'boot.redis',
      label: 'QEMU start to Redis ready',
      unit: 'ms',
      better: 'lower',
      linux: toRedis.linux,
      osv: toRedis.osv,
      bound: 450,
    },
  ];
}

export const boot: BenchmarkPart = {
  name: 'boot',
  title: 'Boot time',
  conditions: 'QEMU q35, direct kernel boot, plain TCG, 1 vCPU, 512 MiB; medians, both guests in turn',
  run,
};
