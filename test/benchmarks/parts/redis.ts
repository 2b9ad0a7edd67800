/** Redis requests a second, Debian's redis-server on both guests, Debian's redis-benchmark as the client. */
import { run as runCommand } from '../../guest/command.ts';
import type { BenchmarkPart, BenchmarkRow, PartOptions } from '../result.ts';
import { type Served, sideBySide } from './side-by-side.ts';

export const redisProgram = '/usr/bin/redis-server';
export const redisArguments: readonly string[] = [
  redisProgram,
  '--save',
  '',
  '--appendonly',
  'no',
  '--protected-mode',
  'no',
  '--bind',
  '0.0.0.0',
  '--daemonize',
  'no',
];

interface Scenario {
  readonly id: string;
  readonly label: string;
  readonly connections: number;
  readonly pipeline: number;
  readonly requests: number;
  readonly ratioWanted: number;
}

const scenarios: readonly Scenario[] = [
  { id: 'c50', label: '50 connections, no pipeline', connections: 50, pipeline: 1, requests: 20_000, ratioWanted: 2.5 },
  {
    id: 'c50-p16',
    label: '50 connections, pipeline 16',
    connections: 50,
    pipeline: 16,
    requests: 150_000,
    ratioWanted: 2,
  },
  { id: 'c1', label: 'one connection', connections: 1, pipeline: 1, requests: 5000, ratioWanted: 1.5 },
];

/** Parses redis-benchmark's CSV into requests a second by test name. */
export function parseBenchmarkCsv(text: string): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = /^"([A-Z]+)[^"]*","([0-9.]+)"/.exec(line);
    if (match) figures[(match[1] as string).toLowerCase()] = Number(match[2]);
  }
  return figures;
}

async function measure({ network }: Served): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const { id, connections, pipeline, requests } of scenarios) {
    const load = ['-n', String(requests), '-c', String(connections), '-P', String(pipeline), '-t', 'set,get', '--csv'];
    const command = [...network.prefix, 'redis-benchmark', '-h', network.guestAddress, ...load];
    const result = await runCommand(command[0] as string, command.slice(1), { timeoutMs: 120_000 });
    if (result.code !== 0)
      throw new Error(`redis-benchmark ${load.join(' ')}: ${result.timedOut ? 'no end in time' : result.stderr}`);
    for (const [test, value] of Object.entries(parseBenchmarkCsv(result.stdout.toString())))
      figures[`${id}.${test}`] = value;
  }
  return figures;
}

async function run(options: PartOptions): Promise<BenchmarkRow[]> {
  const service = {
    name: 'redis',
    files: { [redisProgram]: redisProgram },
    command: redisArguments,
    ready: async ({ machine, network }: Served) => {
      await machine.waitFor('Ready to accept connections', 60_000);
      const command = [...network.prefix, 'redis-cli', '-h', network.guestAddress, 'ping'];
      const answer = await runCommand(command[0] as string, command.slice(1), { timeoutMs: 10_000 });
      if (!answer.stdout.toString().startsWith('PONG')) throw new Error(`no PONG: ${answer.stdout}${answer.stderr}`);
    },
  };
  const figures = await sideBySide(options, service, measure);
  return scenarios.flatMap((scenario) =>
    ['set', 'get'].map((test) => ({
      id: `redis.${scenario.id}.${test}`,
      label: `Redis ${test.toUpperCase()}, ${scenario.label}`,
      unit: 'requests/s',
      better: 'higher' as const,
      linux: figures.linux?.[`${scenario.id}.${test}`],
      osv: figures.osv?.[`${scenario.id}.${test}`],
      ratioWanted: scenario.ratioWanted,
    })),
  );
}

export const redis: BenchmarkPart = {
  name: 'redis',
  title: 'Redis',
  conditions:
    'redis-benchmark over TAP in a network namespace; plain TCG, 1 vCPU, 512 MiB; Linux with mitigations=off; medians, in turn',
  run,
};
