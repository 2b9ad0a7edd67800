import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMemorySize } from '@osv/local';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Choice, interpolate, readDashboard, type TimeRange } from './support/grafana.ts';
import { Osv, root } from './support/osv.ts';
import { compile } from './support/programs.ts';
import { Prometheus, type Sample } from './support/prometheus.ts';

const { queries, variables } = readDashboard('osv-instances');
const osv = Osv.create();
const memory = '64Mi';
// Of the configuration that local/prometheus writes.
const scrapeInterval = 2;
const scrapesUnderLoad = 10;
const loadSecondsMax = 170;
const prometheus = Prometheus.create();
let load: ChildProcess | undefined;
let range: TimeRange;

/** Redis with a tracepoint that is on. */
function redisWithTracepoint(folder: string): string {
  const path = join(folder, 'redis.yaml');
  const example = readFileSync(join(root, 'examples', 'redis.yaml'), 'utf8');
  writeFileSync(path, `${example.trimEnd()}\n  kernel: {tracepoints: [sched_switch]}\n`);
  return path;
}

/** A program that does everything, with a file that does not fit into its memory. */
async function startBusy(folder: string): Promise<void> {
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'large'), '');
  truncateSync(join(data, 'large'), 2 * parseMemorySize(memory));
  await osv.must(
    ...['run', '-d', '--name', 'busy-0', '--cpus', '2', '-m', memory, '-v', `${data}:/data:ro`],
    ...[compile('busy', '-static', '-pthread'), '/data/large'],
  );
}

beforeAll(async () => {
  await osv.must('up', redisWithTracepoint(osv.state));
  await startBusy(osv.state);
  const instances = await osv.instances();
  const targets = instances.map(({ name, metricsUrl }) => ({
    address: new URL(metricsUrl ?? '').host,
    // As the PodMonitor of an OsvApp labels it.
    labels: { namespace: 'e2e', pod: `virt-launcher-${name}-x7k2p`, app: name.replace(/-0$/, ''), instance: name },
  }));
  await prometheus.start(targets);
  const redis = instances.find(({ name }) => name === 'redis-0')?.address ?? '';
  load = spawn(
    'timeout',
    [`${loadSecondsMax}`, 'redis-benchmark', '-h', redis, '-c', '20', '-t', 'set,get', '-l', '-q'],
    {
      stdio: 'ignore',
    },
  );
  const start = Date.now() / 1000;
  const scrapes = async () => {
    const counts = await prometheus.query(
      `count_over_time(osv_uptime_seconds[${Math.ceil(Date.now() / 1000 - start) + 1}s])`,
    );
    return counts.length === targets.length ? Math.min(...counts.map(({ values }) => Number(values[0]?.[1]))) : 0;
  };
  await vi.waitUntil(async () => (await scrapes()) >= scrapesUnderLoad, { timeout: 150_000, interval: 1000 });
  range = { start, end: Date.now() / 1000, step: scrapeInterval, scrapeInterval };
});

afterAll(() => load?.kill());

const choices: Record<string, Choice> = {
  all: {},
  chosen: { namespace: ['e2e'], app: ['busy', 'redis'], instance: ['busy-0', 'redis-0'] },
};

function numbers(samples: Sample[]): number {
  return samples.flatMap(({ values }) => values).filter(([, value]) => !Number.isNaN(Number(value))).length;
}

test.each([
  ['namespace', ['e2e']],
  ['app', ['busy', 'redis']],
  ['instance', ['busy-0', 'redis-0']],
])('the variable %s offers what there is', async (name, expected) => {
  const { definition = '' } = variables.find((variable) => variable.name === name) ?? {};
  const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
  expect(await prometheus.labelValues(interpolate(selector, variables, {}, range), label)).toEqual(expected);
});

test.each(queries)('$panel, query $refId: returns data', async ({ expr, instant }) => {
  for (const [name, choice] of Object.entries(choices)) {
    const promql = interpolate(expr, variables, choice, range);
    const samples = instant
      ? await prometheus.query(promql, range.end)
      : await prometheus.queryRange(promql, range.start, range.end, range.step);
    expect(numbers(samples), `${name}: ${promql}`).toBeGreaterThan(0);
  }
});

test('a choice of one instance leaves the others out', async () => {
  const uptime = queries.find(({ panel }) => panel === 'Uptime');
  const promql = interpolate(uptime?.expr ?? '', variables, { instance: ['redis-0'] }, range);
  const samples = await prometheus.query(promql, range.end);
  expect(samples.map(({ metric }) => metric.instance)).toEqual(['redis-0']);
});
