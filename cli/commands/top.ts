import { setTimeout as delay } from 'node:timers/promises';
import type { InstanceRecord } from '@osv/local/instance/record.ts';
import { type Reading, readMetrics, type Usage, usageBetween } from '@osv/local/metrics/usage.ts';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { formatAge, formatBytes } from '../output/age.ts';
import { formatListing, type Listing, type OutputFormat } from '../output/listing.ts';
import { addOutputOption, parseSeconds } from './options.ts';

const examples = `
Examples:
  osv top               live, until Ctrl-C
  osv top --once        one look
  osv top -o json redis
`;

const intervalSecondsDefault = 2;
const readLimitMilliseconds = 5_000;

interface TopOptions {
  once?: boolean;
  interval: number;
  output: OutputFormat;
}

interface Row {
  record: InstanceRecord;
  usage: Usage | undefined;
}

export function define(command: Command, context: Context): void {
  addOutputOption(command)
    .argument('[names...]', 'instances or apps; everything that runs without them')
    .option('--once', 'one look, over one interval')
    .option('--interval <TIME>', 'time between looks', parseSeconds, intervalSecondsDefault)
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (names: string[], options: TopOptions) => {
      const live = context.stdout.isTTY && options.output === 'table' && !options.once;
      const readings = new Map<string, Reading>();
      await look(context, names, readings);
      do {
        await delay(options.interval * 1000);
        const text = await formatListing(
          usageListing(new Date()),
          await look(context, names, readings),
          options.output,
        );
        context.stdout.write(live ? `\x1b[H\x1b[2J${text}` : text);
      } while (live);
    });
}

/** Reads all guests at once, and keeps the readings for the next look. */
async function look(context: Context, names: string[], readings: Map<string, Reading>): Promise<Row[]> {
  const records = await chosen(context, names);
  return Promise.all(
    records.map(async (record) => {
      const later = record.metricsUrl ? await readMetrics(record.metricsUrl, readLimitMilliseconds) : undefined;
      const earlier = readings.get(record.name);
      if (later) readings.set(record.name, later);
      return { record, usage: earlier && later ? usageBetween(earlier, later) : undefined };
    }),
  );
}

async function chosen(context: Context, names: string[]): Promise<InstanceRecord[]> {
  const records =
    names.length > 0
      ? (await Promise.all(names.map((name) => context.store.resolve(name)))).flat()
      : await context.store.list();
  return records.filter((record) => record.state !== 'exited' && record.kind !== 'service');
}

function usageListing(now: Date): Listing<Row> {
  const shown = (text: (usage: Usage) => string) => (row: Row) => (row.usage ? text(row.usage) : '-');
  return {
    name: (row) => row.record.name,
    data: (row) => ({ name: row.record.name, usage: row.usage ?? null }),
    columns: [
      { title: 'NAME', value: (row) => row.record.name },
      { title: 'CPU%', value: shown((usage) => usage.cpuPercent.toFixed(1)) },
      { title: 'MEMORY', value: shown(memoryText) },
      { title: 'THREADS', value: shown((usage) => `${usage.threads}`) },
      { title: 'CONNS', value: shown((usage) => `${usage.connections}`) },
      { title: 'CALLS/S', value: shown((usage) => usage.systemCallsPerSecond.toFixed(0)) },
      { title: 'SWITCHES/S', value: shown((usage) => usage.contextSwitchesPerSecond.toFixed(0)) },
      { title: 'IN/S', value: shown((usage) => formatBytes(usage.receivedBytesPerSecond)), wide: true },
      { title: 'OUT/S', value: shown((usage) => formatBytes(usage.sentBytesPerSecond)), wide: true },
      { title: 'AGE', value: (row) => formatAge(new Date(row.record.createdAt), now) },
    ],
  };
}

function memoryText(usage: Usage): string {
  const percent = usage.memorySizeBytes > 0 ? Math.round((100 * usage.memoryUsedBytes) / usage.memorySizeBytes) : 0;
  return `${formatBytes(usage.memoryUsedBytes)}/${formatBytes(usage.memorySizeBytes)} (${percent}%)`;
}
