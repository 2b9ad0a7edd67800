/** The result for people: a table for the terminal and a Markdown page. */
import { formatNumber } from '../report.ts';
import type { Measurement } from './measure.ts';

interface Row {
  readonly label: string;
  readonly unit: string;
  /** Wanted: below this. */
  readonly bound?: number;
  readonly of: (measurement: Measurement) => number;
}

const rows: readonly Row[] = [
  { label: 'apply → VMI created, p50', unit: 'ms', of: ({ path }) => path.applyToInstance.p50 },
  { label: 'apply → VMI created, p99', unit: 'ms', bound: 1000, of: ({ path }) => path.applyToInstance.p99 },
  { label: '· the apply itself, p99', unit: 'ms', of: ({ path }) => path.apply.p99 },
  { label: '· operator: app → replica set, p50', unit: 'ms', of: ({ path }) => path.appToSet.p50 },
  { label: '· operator: app → replica set, p99', unit: 'ms', of: ({ path }) => path.appToSet.p99 },
  { label: '· · of it answers of the API server, p50', unit: 'ms', of: ({ path }) => path.appToSetAnswers.p50 },
  { label: '· · requests up to there, p50', unit: '', of: ({ path }) => path.requestsBeforeSet.p50 },
  { label: '· KubeVirt: replica set → VMI, p50', unit: 'ms', of: ({ path }) => path.setToInstance.p50 },
  { label: '· KubeVirt: replica set → VMI, p99', unit: 'ms', of: ({ path }) => path.setToInstance.p99 },
  { label: 'VMIs created in the busiest 10 s', unit: '/s', of: ({ path }) => path.instancesPerSecond },
  { label: 'first apply → all at rest', unit: 's', of: ({ settleSeconds }) => settleSeconds },
  { label: 'operator: requests an app', unit: '', of: ({ requests, size }) => requests.total / size },
  { label: 'operator: writes an app', unit: '', of: ({ requests, size }) => requests.writes / size },
  { label: 'operator: passes an app', unit: '', of: ({ operator, size }) => operator.passes / size },
  { label: 'operator: CPU an app', unit: 'ms', of: ({ operator, size }) => (operator.cpuSeconds / size) * 1000 },
  { label: 'operator: CPU', unit: 's', of: ({ operator }) => operator.cpuSeconds },
  { label: 'API server: CPU', unit: 's', of: ({ cpuSeconds }) => cpuSeconds['api-server'] ?? 0 },
  { label: 'everything: CPU', unit: 's', of: ({ cpuSeconds }) => sum(Object.values(cpuSeconds)) },
  {
    label: 'operator: event-loop delay, p99',
    unit: 'ms',
    of: ({ operator }) => operator.eventLoopDelayP99Milliseconds,
  },
  { label: 'operator: memory, most', unit: 'MiB', bound: 400, of: ({ operator }) => operator.peakMebibytes },
  { label: 'operator: memory at rest', unit: 'MiB', bound: 400, of: ({ operator }) => operator.restingMebibytes },
  { label: 'idle: writes', unit: '', bound: 1, of: ({ idle }) => idle.requests.writes },
  { label: 'idle: requests but watches and lease', unit: '', bound: 1, of: ({ idle }) => idleReads(idle) },
  { label: 'idle: CPU', unit: 'ms/s', of: ({ idle }) => (idle.cpuSeconds / idle.seconds) * 1000 },
  { label: 'restart: caches hold everything', unit: 's', of: ({ restart }) => restart.syncedSeconds },
  { label: 'restart: every app looked at', unit: 's', of: ({ restart }) => restart.lookedAtSeconds },
  { label: 'restart: writes', unit: '', bound: 1, of: ({ restart }) => restart.requests.writes },
  { label: 'restart: memory, most', unit: 'MiB', bound: 400, of: ({ restart }) => restart.peakMebibytes },
  { label: 'pods: memory asked for, each', unit: 'MiB', of: ({ podMemoryMebibytes }) => podMemoryMebibytes.each },
  { label: 'pods: memory asked for, all', unit: 'MiB', of: ({ podMemoryMebibytes }) => podMemoryMebibytes.total },
];

function idleReads({ requests }: Measurement['idle']): number {
  return sum(Object.entries(requests.byKind).map(([kind, count]) => (/^watch | leases$/.test(kind) ? 0 : count)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function table(measured: readonly Measurement[]): string[][] {
  const heads = ['what', 'unit', 'aim', ...measured.map(({ size }) => `${size} apps`)];
  return [
    heads,
    ...rows.map(({ label, unit, bound, of }) => [
      label,
      unit,
      bound === undefined ? '' : `< ${formatNumber(bound)}`,
      ...measured.map((measurement) => {
        const value = of(measurement);
        return `${formatNumber(value)}${bound !== undefined && !(value < bound) ? ' (!)' : ''}`;
      }),
    ]),
  ];
}

export function terminalTable(measured: readonly Measurement[]): string {
  const lines = table(measured);
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const aligned = lines.map((line) =>
    line.map((cell, column) => (column > 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))),
  );
  return `${aligned.map((line) => line.join('  ').trimEnd()).join('\n')}\n`;
}

export function markdownPage(measured: readonly Measurement[], when: Date, machine: string): string {
  const [heads = [], ...lines] = table(measured);
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [first] = measured;
  return [
    '# The operator at scale',
    '',
    `Measured ${when.toISOString().slice(0, 10)} on ${machine}, ${surroundings(first)} ${first?.appliesPerSecond ?? 0} applies ` +
      'a second, all apps of one image that had been built. (!) marks an aim that was missed.',
    '',
    row(heads),
    row(heads.map((_, column) => (column > 2 ? '---:' : '---'))),
    ...lines.map(row),
    '',
    ...measured.flatMap(requestTable),
  ].join('\n');
}

function surroundings(measurement: Measurement | undefined): string {
  const half = measurement?.kubevirt;
  if (half === undefined) return 'against an API server in memory, without admission, which makes instances at once.';
  return (
    "which etcd, the API server, its controllers and KubeVirt's " +
    `control plane (${half === 'real' ? 'its own programs' : 'our double'}) share; nodes pretend to boot.`
  );
}

function requestTable({ size, requests }: Measurement): string[] {
  const kinds = Object.entries(requests.byKind).sort(([, left], [, right]) => right - left);
  return [
    `## Requests of the operator, ${size} apps, from the first apply to rest`,
    '',
    '| request | count | an app |',
    '|---|---:|---:|',
    ...kinds.map(([kind, count]) => `| ${kind} | ${count} | ${formatNumber(count / size)} |`),
    '',
  ];
}
