import { setTimeout as delay } from 'node:timers/promises';
import { createApiClient, keyOf, resources } from '@osv/operator/kubernetes';
import type { SeenRequest } from '../../../operator/testing/api-server/faults.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { app, isAtRest, namesOf, recordImage } from './fleet.ts';
import { startGuestProxy } from './guest-proxy.ts';
import { builderIdentity, difference, eventLoopDelayOf, type Measurement, type MeasureOptions } from './measure.ts';
import { type MemoryPlane, startMemoryPlane } from './memory-plane.ts';
import { type MeasuredOperator, manageOperator } from './operator-process.ts';
import { busiestRate, percentiles, type RequestCounts } from './requests.ts';
import { cpuOf, usageOf } from './usage.ts';

/** The operator by itself: a process of its own, against an API server in this one. */
export async function measureAlone(options: MeasureOptions): Promise<Measurement> {
  const plane = await startMemoryPlane();
  const proxy = await startGuestProxy();
  const { kubeconfig, folder } = plane.server;
  const operator = await manageOperator({
    kubeconfig,
    folder,
    registry: 'registry.example',
    user: 'test',
    guestProxy: proxy.url,
    more: options.operatorFlags,
    nodeFlags: options.nodeFlags,
  });
  try {
    const client = createApiClient({ kubeconfig, fieldManager: 'bench', userAgent: 'bench' });
    await recordImage(client, await builderIdentity());
    await client.close();
    await operator.process.start();
    return await run(plane, operator, options);
  } finally {
    await operator.stop();
    await proxy.close();
    await plane.stop();
  }
}

async function run(plane: MemoryPlane, operator: MeasuredOperator, options: MeasureOptions): Promise<Measurement> {
  const { size, appliesPerSecond, idleSeconds, log } = options;
  const { server, arrivals } = plane;
  const cpu = () => cpuOf({ operator: operator.process.pid, 'api-server': process.pid });
  const names = namesOf(size);
  const before = await cpu();
  let first = server.requests.length;
  const startedAt = performance.now();
  log(`applying ${size} apps to an API server in memory, ${appliesPerSecond} a second`);
  for (const [index, { namespace, name }] of names.entries()) {
    const wait = startedAt + (index * 1000) / appliesPerSecond - performance.now();
    if (wait > 0) await delay(wait);
    server.create(resources.osvApps, app(namespace, name));
  }
  const apps = server.store(resources.osvApps);
  const atRest = async () => apps.list(undefined, undefined).every((object) => isAtRest(object as never));
  await waitUntil('every app is at rest', atRest, { secondsMax: 1800, pauseMilliseconds: 1000 });
  const settleSeconds = (performance.now() - startedAt) / 1000;
  const eventLoopDelay = await eventLoopDelayOf(operator);
  await untilQuiet(plane, operator);
  const cpuSeconds = difference(await cpu(), before);
  const usage = await usageOf(operator.process.pid ?? 0);
  const requests = count(server.requests.slice(first));
  const passes = await operator.metric('osv_operator_reconcile_total', { controller: 'osv-app' });

  log(`idle for ${idleSeconds} s`);
  first = server.requests.length;
  const idleBefore = await usageOf(operator.process.pid ?? 0);
  await delay(idleSeconds * 1000);
  const idleAfter = await usageOf(operator.process.pid ?? 0);
  const idle = {
    seconds: idleSeconds,
    requests: count(server.requests.slice(first)),
    cpuSeconds: idleAfter.cpuSeconds - idleBefore.cpuSeconds,
  };
  const restart = await restarted(plane, operator, size, log);
  const spans = (from: Map<string, number>, to: Map<string, number>) =>
    percentiles(names.map((name) => (to.get(keyOf(name)) ?? Number.NaN) - (from.get(keyOf(name)) ?? Number.NaN)));
  const nothing = percentiles([0]);
  return {
    size,
    kubevirt: undefined,
    appliesPerSecond,
    settleSeconds,
    requests,
    cpuSeconds,
    operator: {
      cpuSeconds: cpuSeconds.operator ?? 0,
      peakMebibytes: usage.peakMebibytes,
      restingMebibytes: usage.residentMebibytes,
      passes,
      eventLoopDelayP99Milliseconds: eventLoopDelay,
    },
    path: {
      applyToInstance: spans(arrivals.apps, arrivals.instances),
      appToSet: spans(arrivals.apps, arrivals.sets),
      setToInstance: spans(arrivals.sets, arrivals.instances),
      appToSetAnswers: nothing,
      apply: nothing,
      requestsBeforeSet: nothing,
      instancesPerSecond: busiestRate([...arrivals.instances.values()]),
    },
    idle,
    restart,
    podMemoryMebibytes: { each: 0, total: 0 },
  };
}

async function restarted({ server }: MemoryPlane, operator: MeasuredOperator, size: number, log: (s: string) => void) {
  log('killing the operator and starting it again');
  await operator.process.stop('SIGKILL');
  const first = server.requests.length;
  const since = performance.now();
  await operator.process.start();
  const syncedSeconds = (performance.now() - since) / 1000;
  const lookedAt = async () =>
    (await operator.metric('osv_operator_reconcile_total', { controller: 'osv-app' })) >= size &&
    (await operator.metric('osv_operator_workqueue_depth')) === 0;
  await waitUntil('every app has been looked at', lookedAt, { secondsMax: 600, pauseMilliseconds: 200 });
  const lookedAtSeconds = (performance.now() - since) / 1000;
  await untilQuiet({ server }, operator);
  const { peakMebibytes, cpuSeconds } = await usageOf(operator.process.pid ?? 0);
  return { syncedSeconds, lookedAtSeconds, requests: count(server.requests.slice(first)), peakMebibytes, cpuSeconds };
}

async function untilQuiet({ server }: Pick<MemoryPlane, 'server'>, operator: MeasuredOperator): Promise<void> {
  const passes = () => operator.metric('osv_operator_reconcile_total');
  const quiet = async () => {
    const [before, requests] = [await passes(), server.requests.length];
    await delay(3000);
    return (await passes()) === before && server.requests.length === requests;
  };
  await waitUntil('the operator is quiet', quiet, { secondsMax: 600 });
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', DELETE: 'delete', PUT: 'update' };

function count(requests: readonly SeenRequest[]): RequestCounts {
  const byVerb: Record<string, number> = {};
  const byKind: Record<string, number> = {};
  let writes = 0;
  for (const { method, path, query } of requests) {
    const verb = verbs[method] ?? (query.get('watch') === 'true' ? 'watch' : 'get');
    const parts = path.split('/').slice(path.startsWith('/apis/') ? 4 : 3);
    const [plural = '', , subresource] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts;
    const kind = `${verb} ${plural}${subresource ? `/${subresource}` : ''}`;
    if (verb !== 'get' && verb !== 'watch') writes += 1;
    byVerb[verb] = (byVerb[verb] ?? 0) + 1;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  return { total: requests.length, writes, byVerb, byKind };
}
