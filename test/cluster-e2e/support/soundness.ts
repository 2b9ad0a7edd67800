import { readdirSync, readFileSync } from 'node:fs';
import { type KubernetesObject, type Resource, resources } from '@osv/operator/kubernetes';
import { expect } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { requestsOf } from './audit.ts';

const kinds = [
  resources.virtualMachineInstanceReplicaSets,
  resources.virtualMachines,
  resources.virtualMachineInstances,
  resources.services,
  resources.secrets,
  resources.networkPolicies,
  resources.podDisruptionBudgets,
] as unknown as readonly Resource<KubernetesObject>[];

/** Waits until an app has an event; the operator writes events after what instances need. */
export async function untilEvent(cluster: Cluster, namespace: string, app: string, line: RegExp): Promise<void> {
  const events = () => cluster.kubectl(['-n', namespace, 'events', '--for', `osvapp/${app}`]);
  await waitUntil(`an event says ${line}`, async () => line.test(await events()), { secondsMax: 60 });
}

interface Owned {
  readonly kind: string;
  readonly object: KubernetesObject & { spec?: { replicas?: number }; status?: { phase?: string } };
}

async function objectsOf(cluster: Cluster, namespace: string, app: string): Promise<Owned[]> {
  const selection = { namespace, labelSelector: `osvapp.dev/app=${app}` };
  const lists = await Promise.all(
    kinds.map(async (resource) =>
      (await cluster.client.list(resource, selection)).items.map((object) => ({ kind: resource.kind, object })),
    ),
  );
  return lists.flat();
}

/**
 * What must be true of an app that has come to rest, whatever happened before: everything that bears its name is owned
 * by it, there is as much as is wanted and no more, its finalizer is there once, and no build runs.
 */
export async function expectSound(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const app = await cluster.client.get(resources.osvApps, { namespace, name });
  if (!app) throw new Error(`there is no app ${name}`);
  expect(app.metadata.finalizers).toEqual(['osvapp.dev/cleanup']);
  const owned = await objectsOf(cluster, namespace, name);
  const known = new Set([app.metadata.uid, ...owned.map(({ object }) => object.metadata.uid)]);
  const orphans = owned.filter(({ object }) => {
    const owners = object.metadata.ownerReferences ?? [];
    return owners.length !== 1 || !owners.every(({ uid }) => known.has(uid));
  });
  expect(orphans.map(({ kind, object }) => `${kind} ${object.metadata.name}`)).toEqual([]);
  const active = owned.filter(({ kind, object }) => kind.endsWith('ReplicaSet') && object.spec?.replicas);
  expect(active.map(({ object }) => object.spec?.replicas)).toEqual([app.spec.replicas]);
  const present = owned.filter(
    ({ kind, object }) => kind === 'VirtualMachineInstance' && !object.metadata.deletionTimestamp,
  );
  expect(present.map(({ object }) => object.status?.phase)).toEqual(Array(app.spec.replicas).fill('Running'));
  expect(buildProcesses(cluster, namespace)).toEqual([]);
}

/** Waits until nothing that bears the app's name is left, the app included. */
export async function untilNothingLeft(cluster: Cluster, namespace: string, name: string): Promise<void> {
  let left: string[] = [];
  const isEmpty = async () => {
    const owned = await objectsOf(cluster, namespace, name);
    left = owned.map(({ kind, object }) => `${kind} ${object.metadata.name}`);
    const app = await cluster.client.get(resources.osvApps, { namespace, name });
    if (app) left.push(`OsvApp ${name} with ${app.metadata.finalizers}`);
    return left.length === 0 && buildProcesses(cluster, namespace).length === 0;
  };
  await waitUntil(`nothing of ${name} is left`, isEmpty, { secondsMax: 120 }).catch((error: Error) => {
    throw new Error(`${error.message}: ${left.join(', ')}; builds ${buildProcesses(cluster, namespace)}`);
  });
}

/** Process numbers of running builds whose images go to the namespace's own repository; see `repositoryOf`. */
export function buildProcesses(cluster: Cluster, namespace: string): number[] {
  const target = `${cluster.registry.host}/${repositoryOf(namespace)}`;
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      return words.some((word) => word.endsWith(target)) && words.includes('--push') ? [Number(entry)] : [];
    } catch {
      // It has ended in between.
      return [];
    }
  });
}

/** Repository for the images of an operator that serves one namespace, so that its builds can be told from others'. */
export function repositoryOf(namespace: string): string {
  return `faults/${namespace}`;
}

/** Requests in a quiet time that still count as rest: an event's count, or a watch that begins anew. */
const requestsAtRestMax = 2;

/** Those who renew leases of their own every ten seconds: the API server, and the node as the administrator. */
const clocks = ['system:apiserver', 'admin'];

/**
 * Shows that an operator leaves the API server alone while nothing changes. Time is counted in what others write
 * regularly: two renewals are five seconds or more.
 */
export async function expectNoHotLoop(cluster: Cluster, user: string): Promise<void> {
  const since = new Date();
  const ticks = async () => {
    const requests = await Promise.all(clocks.map((clock) => requestsOf(cluster, clock, since)));
    return requests.flat().filter(({ verb, objectRef }) => objectRef?.resource === 'leases' && verb !== 'get').length;
  };
  await waitUntil('others renew their leases', async () => (await ticks()) >= 2, {
    secondsMax: 120,
    pauseMilliseconds: 500,
  });
  const asked = (await requestsOf(cluster, user, since)).filter(
    ({ verb, objectRef }) => verb !== 'watch' && objectRef?.resource !== 'leases',
  );
  expect(asked.length, JSON.stringify(asked.slice(0, 5))).toBeLessThanOrEqual(requestsAtRestMax);
}
