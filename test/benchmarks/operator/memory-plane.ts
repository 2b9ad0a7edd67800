import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { keyOf, type ObjectReference, resources } from '@osv/operator/kubernetes';
import { TestApiServer } from '../../../operator/testing/api-server/api-server.ts';
import type { StoredObject } from '../../../operator/testing/api-server/store.ts';

/** When what the operator makes came to be, by the key of the app; milliseconds since 1970. */
export interface Arrivals {
  readonly apps: Map<string, number>;
  readonly sets: Map<string, number>;
  readonly instances: Map<string, number>;
}

/** A control plane in this process. */
export interface MemoryPlane {
  readonly server: TestApiServer;
  readonly arrivals: Arrivals;
  stop(): Promise<void>;
}

/** Between two phases of a guest; a launcher pod takes longer. */
const phaseMilliseconds = 150;
const phases = ['Pending', 'Scheduling', 'Scheduled', 'Running'] as const;

/**
 * An API server in memory with the little of KubeVirt that makes instances of replica sets and lets them become ready:
 * what the operator costs by itself, without the machine that a real control plane with thousands of apps needs.
 * No admission, no validation, no pods.
 */
export async function startMemoryPlane(): Promise<MemoryPlane> {
  const server = await TestApiServer.start();
  server.served.push(resources.osvApps, resources.virtualMachineInstanceReplicaSets);
  const arrivals: Arrivals = { apps: new Map(), sets: new Map(), instances: new Map() };
  const stopped = new AbortController();
  server.store(resources.osvApps).subscribe(({ type, object }) => {
    if (type === 'ADDED') arrivals.apps.set(keyOf(object.metadata), Date.now());
  });
  server.store(resources.virtualMachineInstanceReplicaSets).subscribe(({ type, object }) => {
    if (type !== 'ADDED') return;
    const key = appKey(object);
    arrivals.sets.set(key, Date.now());
    setImmediate(() => {
      const instance = createInstance(server, object);
      arrivals.instances.set(key, Date.now());
      void bringUp(server, instance, arrivals.instances.size, stopped.signal).catch(() => {});
    });
  });
  return {
    server,
    arrivals,
    stop: () => {
      stopped.abort();
      return server.stop();
    },
  };
}

function appKey({ metadata }: StoredObject): string {
  return `${metadata.namespace}/${metadata.labels?.['osvapp.dev/app']}`;
}

function createInstance(server: TestApiServer, set: StoredObject): ObjectReference {
  const { template } = set.spec as { template: { metadata: { labels: Record<string, string> }; spec: object } };
  const { name, namespace = '', uid = '' } = set.metadata;
  const instance = {
    metadata: {
      name: `${name}-${randomBytes(3).toString('hex')}`,
      namespace,
      labels: template.metadata.labels,
      ownerReferences: [
        { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceReplicaSet', name, uid, controller: true },
      ],
    },
    spec: template.spec,
    status: {},
  };
  server.create(resources.virtualMachineInstances, instance as never);
  return { namespace, name: instance.metadata.name };
}

async function bringUp(server: TestApiServer, instance: ObjectReference, index: number, signal: AbortSignal) {
  const store = server.store(resources.virtualMachineInstances);
  const patch = (status: object) => store.patch(instance, { status } as never);
  const address = `10.244.${(index >> 8) & 255}.${index & 255}`;
  for (const phase of phases) {
    await delay(phaseMilliseconds, undefined, { signal });
    const started = phase === 'Running' ? { interfaces: [{ name: 'default', ipAddress: address }] } : {};
    patch({ phase, ...(phase === 'Pending' ? {} : { nodeName: 'node-1' }), ...started });
  }
  await delay(phaseMilliseconds, undefined, { signal });
  patch({ conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }] });
}
