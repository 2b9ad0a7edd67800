import { setTimeout as delay } from 'node:timers/promises';
import {
  type ApiClient,
  type ConfigMap,
  type KubernetesObject,
  keyOf,
  type OsvApp,
  resources,
  type VirtualMachineInstance,
} from '@osv/operator/kubernetes';
import { Reflector, silentLogger } from '@osv/operator/reconcile-runtime';
import { possibleKeys } from '../../../operator/images/image-key.ts';
import { ImageRecords } from '../../../operator/images/image-records.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { operatorNamespace } from './operator-process.ts';

/** Apps of one namespace at most: as a cluster with many apps has many namespaces. */
const appsPerNamespace = 250;

export function namesOf(size: number): { namespace: string; name: string }[] {
  return Array.from({ length: size }, (_, index) => ({
    namespace: `bench-${Math.floor(index / appsPerNamespace)}`,
    name: `app-${index}`,
  }));
}

/** The apps of a run, and when each was applied and got its first instance. Times are milliseconds since 1970. */
export interface Fleet {
  readonly keys: readonly string[];
  readonly appliedAt: ReadonlyMap<string, number>;
  readonly instanceSeenAt: ReadonlyMap<string, number>;
  /** Waits until every app's rollout is complete and its guest has answered. */
  untilAtRest(secondsMax: number): Promise<void>;
  /** Apps that are at rest. */
  readonly resting: number;
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly size: number;
  readonly appliesPerSecond: number;
}

const archive = { url: 'https://example.com/measured.zip', sha256: '0'.repeat(64) };

export function app(namespace: string, name: string): OsvApp {
  return {
    apiVersion: 'osvapp.dev/v1alpha1',
    kind: 'OsvApp',
    metadata: { namespace, name },
    spec: {
      source: { archive },
      command: ['/srv/measured', '--listen', '8080'],
      env: [{ name: 'LOG_LEVEL', value: 'info' }],
      resources: { cpus: 1, memory: '64Mi' },
      ports: [{ name: 'http', port: 8080 }],
      replicas: 1,
      readinessProbe: { tcpSocket: { port: 8080 } },
    },
  } as OsvApp;
}

/**
 * Says that the image of all these apps has been built, so that the figures hold no build.
 *
 * @param identity of the operator's builder, of which the image's key is made
 */
export async function recordImage(client: ApiClient, identity: string): Promise<void> {
  const records = new Reflector<ConfigMap>({ client, resource: resources.configMaps, logger: silentLogger });
  const [key] = possibleKeys(app('any', 'any'), { identity } as never);
  if (key === undefined) throw new Error('an app has no image key');
  await new ImageRecords(client, operatorNamespace, records.cache).write(key, {
    reference: `registry.example/measured@sha256:${'1'.repeat(64)}`,
    sizeBytes: 10_000_000,
    kernelVersion: '0.1.0',
    entryPoint: { command: ['/srv/measured'], environment: [], workingDirectory: '/', user: { uid: 0, gid: 0 } },
    sbom: `registry.example/measured@sha256:${'2'.repeat(64)}`,
    defaultMemoryBytes: 64 * 1024 * 1024,
    missingSystemCalls: [],
    missingLibraries: [],
  } as never);
}

/** Applies apps at a steady rate, whatever becomes of them, and follows them. */
export async function launchFleet(client: ApiClient, options: FleetOptions): Promise<Fleet> {
  const { size, appliesPerSecond } = options;
  const names = namesOf(size);
  for (const namespace of new Set(names.map((name) => name.namespace))) {
    await client.apply(resources.namespaces, { metadata: { name: namespace } } as never);
    const account = { namespace, name: 'default' };
    const isThere = async () => (await client.get(resources.serviceAccounts, account)) !== undefined;
    await waitUntil(`namespace ${namespace} has its ServiceAccount`, isThere, { secondsMax: 120 });
  }
  const follower = new Follower(client);
  await follower.synced();
  const appliedAt = new Map<string, number>();
  const applies: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (const [index, reference] of names.entries()) {
    const wait = startedAt + (index * 1000) / appliesPerSecond - performance.now();
    if (wait > 0) await delay(wait);
    appliedAt.set(keyOf(reference), Date.now());
    applies.push(client.apply(resources.osvApps, app(reference.namespace, reference.name)));
  }
  await Promise.all(applies);
  const keys = names.map(keyOf);
  return {
    keys,
    appliedAt,
    instanceSeenAt: follower.instanceSeenAt,
    get resting() {
      return follower.resting.size;
    },
    untilAtRest: (secondsMax) =>
      waitUntil('every app is at rest', async () => keys.every((key) => follower.resting.has(key)), {
        secondsMax,
        pauseMilliseconds: 500,
      }),
    stop: () => follower.stop(),
  };
}

/** Sees what becomes of the apps, as any client would: by watches. */
class Follower {
  readonly instanceSeenAt = new Map<string, number>();
  readonly resting = new Set<string>();
  readonly #ended = new AbortController();
  readonly #apps: Reflector<OsvApp>;
  readonly #instances: Reflector<VirtualMachineInstance>;
  readonly #following: Promise<void>[];

  constructor(client: ApiClient) {
    this.#apps = new Reflector<OsvApp>({ client, resource: resources.osvApps, logger: silentLogger });
    this.#instances = new Reflector<VirtualMachineInstance>({
      client,
      resource: resources.virtualMachineInstances,
      logger: silentLogger,
      keep: ({ metadata: { namespace, name, labels, resourceVersion, uid } }) =>
        ({ metadata: { namespace, name, labels, resourceVersion, uid } }) as VirtualMachineInstance,
    });
    this.#instances.cache.subscribe(({ type, object }) => {
      const { namespace, labels } = object.metadata;
      const key = `${namespace}/${labels?.['osvapp.dev/app']}`;
      if (type === 'added' && !this.instanceSeenAt.has(key)) this.instanceSeenAt.set(key, Date.now());
    });
    this.#apps.cache.subscribe(({ object }) => {
      const key = keyOf(object.metadata);
      if (isAtRest(object)) this.resting.add(key);
      else this.resting.delete(key);
    });
    this.#following = [this.#apps, this.#instances].map((each) => each.start(this.#ended.signal));
  }

  async synced(): Promise<void> {
    await Promise.all([this.#apps.cache.synced(), this.#instances.cache.synced()]);
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#following);
  }
}

export function isAtRest({ status, metadata }: OsvApp): boolean {
  const condition = (type: string) => status?.conditions?.find((one) => one.type === type);
  return (
    status?.observedGeneration === metadata.generation &&
    condition('Progressing')?.reason === 'RolloutComplete' &&
    condition('Available')?.status === 'True' &&
    condition('MetricsFlowing')?.status === 'True'
  );
}

/** Memory that the launcher pods ask for, in MiB each: the guest's, and what KubeVirt needs beside it. */
export async function podMemory(client: ApiClient): Promise<{ pods: number; mebibytesEach: number }> {
  const options = { labelSelector: 'kubevirt.io=virt-launcher', limit: 1 };
  const page = (await client.list(resources.pods, options)) as unknown as {
    items: (KubernetesObject & { spec: { containers: { resources?: { requests?: { memory?: string } } }[] } })[];
  };
  const { quantityToScalar } = await import('@kubernetes/client-node/dist/util.js');
  const containers = page.items[0]?.spec.containers ?? [];
  const bytes = containers.reduce(
    (sum, { resources: wanted }) => sum + Number(quantityToScalar(wanted?.requests?.memory ?? '0')),
    0,
  );
  return { pods: containers.length > 0 ? 1 : 0, mebibytesEach: bytes / 1024 / 1024 };
}
