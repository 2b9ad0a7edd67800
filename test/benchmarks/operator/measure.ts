import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { builderVersion } from '@osv/image-builder';
import { findKernel } from '@osv/local';
import type { OwnedCluster } from '../../cluster/cluster.ts';
import type { KubeVirtHalf } from '../../cluster/kubevirt/start.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { startCluster } from '../../cluster/start.ts';
import { type Fleet, launchFleet, podMemory, recordImage } from './fleet.ts';
import { startGuestProxy } from './guest-proxy.ts';
import { type MeasuredOperator, prepareOperator } from './operator-process.ts';
import { type PathTimes, pathTimes, type RequestCounts, requestCounts } from './requests.ts';
import { cpuOf, usageOf } from './usage.ts';

export interface MeasureOptions {
  readonly size: number;
  readonly kubevirt: KubeVirtHalf;
  readonly appliesPerSecond: number;
  readonly idleSeconds: number;
  readonly operatorFlags: readonly string[];
  readonly nodeFlags: readonly string[];
  readonly log: (line: string) => void;
}

/** What one size of fleet showed. */
export interface Measurement {
  readonly size: number;
  /** Undefined: the operator alone, against an API server in memory. */
  readonly kubevirt: KubeVirtHalf | undefined;
  readonly appliesPerSecond: number;
  readonly path: PathTimes;
  /** From the first apply until every app was at rest. */
  readonly settleSeconds: number;
  readonly requests: RequestCounts;
  readonly operator: {
    readonly cpuSeconds: number;
    readonly peakMebibytes: number;
    readonly restingMebibytes: number;
    readonly passes: number;
    readonly eventLoopDelayP99Milliseconds: number;
  };
  /** CPU seconds of all processes from the first apply to rest. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly idle: { readonly seconds: number; readonly requests: RequestCounts; readonly cpuSeconds: number };
  readonly restart: {
    /** From the start of the process until its caches hold everything. */
    readonly syncedSeconds: number;
    /** Until every app has been looked at; there is no lease to be waited for. */
    readonly lookedAtSeconds: number;
    readonly requests: RequestCounts;
    readonly peakMebibytes: number;
    readonly cpuSeconds: number;
  };
  readonly podMemoryMebibytes: { readonly each: number; readonly total: number };
}

/** More pods than one pretended node offers. */
const podsPerNode = 4000;
const settleSecondsMax = 3600;

export async function measure(options: MeasureOptions): Promise<Measurement> {
  const { size, kubevirt, log } = options;
  const names = Array.from({ length: Math.ceil((size * 1.2) / podsPerNode) }, (_, index) => `node-${index + 1}`);
  const cluster = await startCluster({
    kubevirt,
    nodes: { names, pretend: true, podsMax: podsPerNode },
    progress: (line) => log(`cluster: ${line}`),
  });
  const proxy = await startGuestProxy();
  try {
    const { operatorFlags: more, nodeFlags } = options;
    const operator = await prepareOperator(cluster, { guestProxy: proxy.url, more, nodeFlags });
    try {
      await recordImage(cluster.client, await builderIdentity());
      return await measureOperator(cluster, operator, options);
    } finally {
      await operator.stop();
    }
  } finally {
    await proxy.close();
    await cluster.stop();
  }
}

/** As the operator makes it for builds by child processes. */
export async function builderIdentity(): Promise<string> {
  const kernel = await readFile(await findKernel(process.env));
  return `${builderVersion()}/${createHash('sha256').update(kernel).digest('hex')}`;
}

async function measureOperator(cluster: OwnedCluster, operator: MeasuredOperator, options: MeasureOptions) {
  const { size, appliesPerSecond, kubevirt, idleSeconds, log } = options;
  await operator.process.start();
  const all = () => cpuOf({ ...pidsOf(cluster), operator: operator.process.pid, bench: process.pid });
  const cpuBefore = await all();
  const startedAt = Date.now();
  log(`applying ${size} apps, ${appliesPerSecond} a second`);
  const fleet = await launchFleet(cluster.client, { size, appliesPerSecond });
  try {
    const firstAt = Math.min(...fleet.appliedAt.values());
    await untilResting(fleet, log);
    const settleSeconds = (Date.now() - firstAt) / 1000;
    const eventLoopDelay = await eventLoopDelayOf(operator);
    await untilQuiet(cluster, operator);
    const restedAt = Date.now();
    const cpuSeconds = difference(await all(), cpuBefore);
    const usage = await usageOf(operator.process.pid ?? 0);
    const shared = {
      size,
      kubevirt,
      appliesPerSecond,
      settleSeconds,
      path: await pathTimes(cluster.auditLog, startedAt, operator.user, fleet),
      requests: await requestCounts(cluster.auditLog, operator.user, startedAt, restedAt),
      cpuSeconds,
      operator: {
        cpuSeconds: cpuSeconds.operator ?? 0,
        peakMebibytes: usage.peakMebibytes,
        restingMebibytes: usage.residentMebibytes,
        passes: await operator.metric('osv_operator_reconcile_total', { controller: 'osv-app' }),
        eventLoopDelayP99Milliseconds: eventLoopDelay,
      },
    };
    const idle = await measureIdle(cluster, operator, idleSeconds, log);
    const restart = await measureRestart(cluster, operator, fleet, log);
    const { mebibytesEach } = await podMemory(cluster.client);
    return { ...shared, idle, restart, podMemoryMebibytes: { each: mebibytesEach, total: mebibytesEach * size } };
  } finally {
    await fleet.stop();
  }
}

/** Milliseconds since the last scrape of its metrics, which begins the count anew. */
export async function eventLoopDelayOf(operator: MeasuredOperator): Promise<number> {
  return (await operator.metric('nodejs_eventloop_lag_p99_seconds')) * 1000;
}

async function untilResting(fleet: Fleet, log: (line: string) => void): Promise<void> {
  const reporting = setInterval(() => log(`${fleet.resting} of ${fleet.keys.length} apps are at rest`), 10_000);
  try {
    await fleet.untilAtRest(settleSecondsMax);
  } finally {
    clearInterval(reporting);
  }
}

/** Seconds without a pass or a write of the operator, after which it counts as quiet. */
const quietSeconds = 3;

async function untilQuiet(cluster: OwnedCluster, operator: MeasuredOperator): Promise<void> {
  const quiet = async () => {
    const before = await operator.metric('osv_operator_reconcile_total');
    const since = Date.now();
    await delay(quietSeconds * 1000);
    if ((await operator.metric('osv_operator_reconcile_total')) !== before) return false;
    return (await requestCounts(cluster.auditLog, operator.user, since, Date.now())).writes === 0;
  };
  await waitUntil('the operator is quiet', quiet, { secondsMax: 600 });
}

async function measureIdle(
  cluster: OwnedCluster,
  operator: MeasuredOperator,
  seconds: number,
  log: (line: string) => void,
) {
  log(`idle for ${seconds} s`);
  const pid = operator.process.pid ?? 0;
  const [since, before] = [Date.now(), await usageOf(pid)];
  await delay(seconds * 1000);
  const after = await usageOf(pid);
  const requests = await requestCounts(cluster.auditLog, operator.user, since, Date.now());
  return { seconds, requests, cpuSeconds: after.cpuSeconds - before.cpuSeconds };
}

async function measureRestart(
  cluster: OwnedCluster,
  operator: MeasuredOperator,
  fleet: Fleet,
  log: (line: string) => void,
) {
  log('killing the operator and starting it again');
  await operator.process.stop('SIGKILL');
  const since = Date.now();
  await operator.process.start();
  const syncedSeconds = (Date.now() - since) / 1000;
  const lookedAt = async () =>
    (await operator.metric('osv_operator_reconcile_total', { controller: 'osv-app' })) >= fleet.keys.length &&
    (await operator.metric('osv_operator_workqueue_depth')) === 0;
  await waitUntil('every app has been looked at', lookedAt, { secondsMax: 600, pauseMilliseconds: 200 });
  const lookedAtSeconds = (Date.now() - since) / 1000;
  await untilQuiet(cluster, operator);
  const { peakMebibytes, cpuSeconds } = await usageOf(operator.process.pid ?? 0);
  const requests = await requestCounts(cluster.auditLog, operator.user, since, Date.now());
  return { syncedSeconds, lookedAtSeconds, requests, peakMebibytes, cpuSeconds };
}

function pidsOf({ processes }: OwnedCluster): Record<string, number | undefined> {
  return Object.fromEntries(Object.entries(processes).map(([name, { pid }]) => [name, pid]));
}

export function difference(after: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}
