/** Long loads on one guest: everything answered must be right, nothing may break, and memory must come back. */
import { join } from 'node:path';
import { parseExposition } from '@osv/contracts';
import { loadMemcached, memcachedCommand, memcachedProgram, memcachedReady } from '../benchmarks/parts/memcached.ts';
import { redisArguments, redisProgram } from '../benchmarks/parts/redis.ts';
import { type Served, serve, stopServing } from '../benchmarks/parts/side-by-side.ts';
import { run } from '../guest/command.ts';
import { compile } from '../guest/compile.ts';
import type { System } from '../guest/machine.ts';
import { testFolder } from '../guest/paths.ts';

export interface LoadOptions {
  readonly system: System;
  readonly cpus: number;
  readonly seconds: number;
  /** Requests for each test of redis-benchmark. */
  readonly requests: number;
  readonly log: (message: string) => void;
}

const managementPort = 9180;

async function inside(served: Served, command: readonly string[], timeoutMs: number): Promise<string> {
  const words = [...served.network.prefix, ...command];
  const result = await run(words[0] as string, words.slice(1), { timeoutMs });
  const text = `${result.stdout}${result.stderr}`.trim();
  if (result.timedOut) throw new Error(`${command[0]}: no end in ${timeoutMs / 1000} s`);
  if (result.code !== 0 || /\bERR\b|^Error|error: /im.test(text))
    throw new Error(`${command[0]} ended with ${result.code}: ${text.slice(-500)}`);
  return text;
}

/** A guest's memory in bytes: free, and in use by use. */
type Memory = { readonly free: number } & Readonly<Record<string, number>>;

async function guestMemory(served: Served): Promise<Memory> {
  const fetchText = 'process.stdout.write(await (await fetch(process.argv[1])).text())';
  const url = `http://${served.network.guestAddress}:${managementPort}/metrics`;
  const text = await inside(served, [process.execPath, '--input-type=module', '-e', fetchText, url], 20_000);
  const samples = parseExposition(text);
  const free = samples.find(({ name }) => name === 'osv_memory_free_bytes');
  if (!free) throw new Error("the guest's metrics say nothing of free memory");
  const uses = samples.filter(({ name }) => name === 'osv_memory_used_bytes');
  return { free: free.value, ...Object.fromEntries(uses.map(({ labels, value }) => [labels.use ?? '', value])) };
}

const kernelGrowthMax = 1 << 20;
/** Of the program's heap, whose pages of 2 MiB may come to lie in one more. */
const programGrowthMax = 3 << 20;

/** By how many bytes two levels differ: the program's own memory, and all else in use. */
function growth(before: Memory, after: Memory): { kernel: number; program: number } {
  const program = (after.anonymous ?? 0) - (before.anonymous ?? 0);
  return { program, kernel: before.free - after.free - program };
}

async function redisMemory(served: Served): Promise<number> {
  const text = await inside(served, ['redis-cli', '-h', served.network.guestAddress, 'info', 'memory'], 20_000);
  return Number(/used_memory:(\d+)/.exec(text)?.[1] ?? Number.NaN);
}

/** Asks until the condition holds; the last figure is in the error when time runs out. */
async function eventually(
  what: string,
  figure: () => Promise<number>,
  holds: (value: number) => boolean,
  timeoutMs: number,
): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await figure();
    if (holds(value)) return value;
    if (performance.now() > deadline) throw new Error(`${what}: ${value} after ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

export async function redisTrial(options: LoadOptions): Promise<Record<string, unknown>> {
  const { system, cpus, seconds, requests, log } = options;
  const generator = await compile({
    source: join(testFolder, 'load', 'programs', 'redis-load.c'),
    variant: 'dynamic',
    flags: ['-O2'],
  });
  const served = await serve(system, {
    name: `redis-load-${cpus}`,
    files: { [redisProgram]: redisProgram },
    command: redisArguments,
    cpus,
    managementPort,
    ready: async ({ machine }) => {
      await machine.waitFor('Ready to accept connections', 60_000);
    },
  });
  try {
    const address = served.network.guestAddress;
    // A Linux guest has no such metrics.
    const memoryOf = async (one: Served) => (system === 'osv' ? guestMemory(one) : { free: 0 });
    const usedBefore = await redisMemory(served);
    const memoryBefore = await memoryOf(served);
    log(`redis-benchmark on ${system}, ${cpus} vCPU`);
    const tests = ['-n', String(requests), '-c', '50', '-P', '16', '-t', 'set,get,lpush,lrange_100', '--csv'];
    const benchmark = await inside(served, ['redis-benchmark', '-h', address, ...tests], 900_000);
    const level = async () => {
      await inside(served, ['redis-cli', '-h', address, 'flushall'], 60_000);
      // The buffers of the load's connections go only when Redis has seen these close.
      const used = await eventually(
        'Redis keeps memory',
        () => redisMemory(served),
        (bytes) => bytes < usedBefore + (1 << 20),
        30_000,
      );
      await inside(served, ['redis-cli', '-h', address, 'memory', 'purge'], 60_000);
      return { used, memory: await memoryOf(served) };
    };
    const half = seconds / 2;
    const mixed = async () => {
      log(`mixed load for ${half} s`);
      const words = [generator, address, '6379', 'connections=50', `seconds=${half}`];
      return { ...JSON.parse(await inside(served, words, (half + 120) * 1000)), ...(await level()) };
    };
    const first = await mixed();
    const second = await mixed();
    // The first load brings files and heap in that stay; a second one like it must find them, or something leaks.
    if (system === 'osv') {
      const grown = growth(first.memory, second.memory);
      if (grown.kernel > kernelGrowthMax || grown.program > programGrowthMax) {
        const levels = [first, second].map(({ memory, used }) => `${JSON.stringify(memory)} (of Redis ${used})`);
        throw new Error(`memory in use grew from ${levels.join(' to ')} between two equal loads`);
      }
    }
    return {
      benchmark: benchmark.split('\n').slice(1),
      mixed: [first, second],
      usedBefore,
      memoryBefore,
    };
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : error}\nend of the console:\n${served.machine.output().slice(-2000)}`,
    );
  } finally {
    await stopServing(served);
  }
}

export async function memcachedTrial(options: LoadOptions): Promise<Record<string, unknown>> {
  const { system, cpus, seconds, log } = options;
  const served = await serve(system, {
    name: `memcached-load-${cpus}`,
    files: { [memcachedProgram]: memcachedProgram },
    command: memcachedCommand(4),
    cpus,
    managementPort,
    ready: memcachedReady,
  });
  try {
    const third = seconds / 3;
    const load = async (label: string, ...words: string[]) => {
      log(`memcached ${label} on ${system}, ${cpus} vCPU`);
      return loadMemcached(
        served.network.prefix,
        served.network.guestAddress,
        [...words, `seconds=${third}`],
        (third + 120) * 1000,
      );
    };
    return {
      plain: await load('plain', 'connections=50'),
      pipelined: await load('pipelined', 'connections=50', 'pipeline=16', 'seed=2'),
      large: await load(
        'large values',
        'connections=20',
        'pipeline=4',
        'value=4000',
        'keys=500',
        'set-percent=50',
        'seed=3',
      ),
    };
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : error}\nend of the console:\n${served.machine.output().slice(-2000)}`,
    );
  } finally {
    await stopServing(served);
  }
}
