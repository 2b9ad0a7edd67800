/** memcached requests a second, Debian's memcached on both guests, our own checking generator as the client. */
import { join } from 'node:path';
import { run as runCommand } from '../../guest/command.ts';
import { compile } from '../../guest/compile.ts';
import { testFolder } from '../../guest/paths.ts';
import type { BenchmarkPart, BenchmarkRow, PartOptions } from '../result.ts';
import { type Served, sideBySide } from './side-by-side.ts';

export const memcachedProgram = '/usr/bin/memcached';
export const memcachedCommand = (threads: number): readonly string[] => [
  memcachedProgram,
  '-u',
  'root',
  '-l',
  '0.0.0.0',
  '-m',
  '64',
  '-t',
  String(threads),
];

/** The compiled load generator. */
export function memcachedLoad(): Promise<string> {
  return compile({
    source: join(testFolder, 'load', 'programs', 'memcached-load.c'),
    variant: 'dynamic',
    flags: ['-O2'],
  });
}

/** Runs the generator; a wrong answer or a broken connection is an error. */
export async function loadMemcached(
  prefix: readonly string[],
  address: string,
  options: readonly string[],
  timeoutMs = 120_000,
): Promise<Record<string, number>> {
  const command = [...prefix, await memcachedLoad(), address, '11211', ...options];
  const result = await runCommand(command[0] as string, command.slice(1), { timeoutMs });
  if (result.code !== 0)
    throw new Error(
      `memcached load ${options.join(' ')}: ${result.timedOut ? 'no end in time' : `${result.stdout}${result.stderr}`}`,
    );
  return JSON.parse(result.stdout.toString()) as Record<string, number>;
}

/** memcached prints nothing when it is ready: one request, tried again until it answers. */
export async function memcachedReady({ machine, network }: Served): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      await loadMemcached(network.prefix, network.guestAddress, ['connections=1', 'requests=1'], 5000);
      return;
    } catch (error) {
      if (performance.now() > deadline)
        throw new Error(`memcached on ${machine.system} does not answer: ${error}\n${machine.output().slice(-1000)}`);
      await Promise.race([
        new Promise((resolve) => setTimeout(resolve, 50)),
        machine.ended.then(() => Promise.reject(new Error(`the machine ended: ${machine.output().slice(-1000)}`))),
      ]);
    }
  }
}

async function run(options: PartOptions): Promise<BenchmarkRow[]> {
  const service = {
    name: 'memcached',
    files: { [memcachedProgram]: memcachedProgram },
    command: memcachedCommand(1),
    ready: memcachedReady,
  };
  const figures = await sideBySide(options, service, async ({ network }) => {
    const plain = await loadMemcached(network.prefix, network.guestAddress, ['connections=16', 'requests=40000']);
    return { 'c16.requests': plain.requests_per_second ?? 0 };
  });
  return [
    {
      id: 'memcached.c16',
      label: 'memcached, 16 connections, no pipeline, 10 % sets of 100 bytes',
      unit: 'requests/s',
      better: 'higher',
      linux: figures.linux?.['c16.requests'],
      osv: figures.osv?.['c16.requests'],
      ratioWanted: 2.5,
    },
  ];
}

export const memcached: BenchmarkPart = {
  name: 'memcached',
  title: 'memcached',
  conditions:
    'own generator over TAP in a network namespace; plain TCG, 1 vCPU, 512 MiB; Linux with mitigations=off; medians, in turn',
  run,
};
