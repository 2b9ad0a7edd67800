import type { BuiltImage } from '../../images/image-state.ts';
import type { AppSpec, AppStatus, Observed, ObservedInstance, ObservedMachine, ObservedSet } from '../model.ts';
import type { Crash } from '../rollout/back-off.ts';

/** Observations for tests, each a redis app that lacks what the test does not name. */
export const now = new Date('2026-01-01T00:00:00Z');

export const builtImage: BuiltImage = {
  reference: `registry.example/apps@sha256:${'1'.repeat(64)}`,
  sizeBytes: 10_000_000,
  kernelVersion: '0.1.0',
  entryPoint: {
    command: ['/usr/bin/redis-server'],
    environment: ['PATH=/usr/bin'],
    workingDirectory: '/',
    user: { uid: 0, gid: 0 },
  },
  sbom: `registry.example/apps@sha256:${'2'.repeat(64)}`,
  defaultMemoryBytes: 128 * 1024 * 1024,
  missingSystemCalls: [],
  missingLibraries: [],
};

export function observed(
  change: Partial<Omit<Observed, 'app'>> & { spec?: Partial<AppSpec>; status?: AppStatus } = {},
): Observed {
  const { spec, status, ...rest } = change;
  return {
    app: {
      apiVersion: 'osvapp.dev/v1alpha1',
      kind: 'OsvApp',
      metadata: { name: 'redis', namespace: 'shop', uid: 'app-uid', generation: 1 },
      spec: { source: { packages: { names: ['redis-server'] } }, ports: [{ name: 'redis', port: 6379 }], ...spec },
      ...(status ? { status } : {}),
    },
    now,
    image: { key: 'key', sourceDigest: 'digest', state: { state: 'built', image: builtImage } },
    referenced: { digest: 'none', environment: new Map(), missing: [] },
    sets: [],
    mends: new Map(),
    machines: [],
    instances: [],
    crashes: [],
    crashesOfGone: [],
    guests: new Map(),
    silentGuests: new Set(),
    owned: { service: undefined, networkPolicy: undefined, disruptionBudget: undefined, podMonitor: undefined },
    podMonitors: false,
    ...rest,
  };
}

export function set(revision: string, change: Partial<ObservedSet> = {}): ObservedSet {
  return {
    name: `redis-${revision}`,
    uid: `uid-${revision}`,
    revision,
    revisionNumber: 1,
    replicas: 1,
    paused: false,
    pauseObserved: false,
    contents: 'contents',
    madeWith: undefined,
    ...change,
  };
}

export function instance(revision: string, name: string, change: Partial<ObservedInstance> = {}): ObservedInstance {
  return {
    name,
    uid: `uid-${name}`,
    ownerUid: `uid-${revision}`,
    revision,
    phase: 'Running',
    ready: true,
    leaving: false,
    node: 'node-1',
    address: '10.244.0.9',
    createdAt: now,
    problem: undefined,
    ...change,
  };
}

export function machine(revision: string, ordinal: number, change: Partial<ObservedMachine> = {}): ObservedMachine {
  return {
    name: `redis-${ordinal}`,
    uid: `uid-machine-${ordinal}`,
    ordinal,
    revision,
    runStrategy: 'Always',
    leaving: false,
    problem: undefined,
    ...change,
  };
}

/** @param seconds after now */
export function crash(revision: string, name: string, seconds: number, phase = 'Failed'): Crash {
  const at = new Date(now.getTime() + seconds * 1000);
  return { instance: name, uid: `uid-${name}`, phase, revision, createdAt: at, at };
}
