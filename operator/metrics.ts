import { version } from '@osv/contracts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { OsvApp } from './kubernetes/index.ts';
import { wantedReplicas } from './osv-app/effective-spec.ts';
import type { AppCaches } from './osv-app/gather.ts';
import { observeInstance } from './osv-app/observe.ts';
import { isLooping, remainingSeconds } from './osv-app/rollout/back-off.ts';

/** What the operator's work says of itself; contracts/operator-metrics.json describes each metric. */
export interface OperatorMetrics {
  /** An instance had ended by itself and is started again. */
  instanceRestarted(namespace: string, app: string): void;
  /** An app is gone, and its own samples with it. */
  appGone(namespace: string, app: string): void;
  buildsRunning(count: number): void;
  buildEnded(result: 'succeeded' | 'failed', seconds: number): void;
  /** An app found an image of the same inputs. */
  imageReused(): void;
}

/** For tests and tools that count nothing. */
export const noOperatorMetrics: OperatorMetrics = {
  instanceRestarted() {},
  appGone() {},
  buildsRunning() {},
  buildEnded() {},
  imageReused() {},
};

const buildBuckets = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800];

export function createOperatorMetrics(registry: Registry): OperatorMetrics {
  const registers = [registry];
  new Gauge({
    name: 'osv_operator_build_info',
    help: "1, with the operator's version as label.",
    labelNames: ['version'] as const,
    registers,
  }).set({ version }, 1);
  const restarts = new Counter({
    name: 'osv_operator_instance_restarts_total',
    help: 'Instances started again after they had ended without being asked to, by OsvApp.',
    labelNames: ['namespace', 'app'] as const,
    registers,
  });
  const running = new Gauge({
    name: 'osv_operator_builds_running',
    help: 'Image builds that run now.',
    registers,
  });
  const builds = new Counter({
    name: 'osv_operator_builds_total',
    help: 'Image builds by result; reused: an image of the same inputs was there.',
    labelNames: ['result'] as const,
    registers,
  });
  const duration = new Histogram({
    name: 'osv_operator_build_duration_seconds',
    help: 'Time of an image build, from its start to the push of the image.',
    buckets: buildBuckets,
    registers,
  });
  for (const result of ['succeeded', 'failed', 'reused']) builds.inc({ result }, 0);
  return {
    instanceRestarted: (namespace, app) => restarts.inc({ namespace, app }),
    appGone: (namespace, app) => restarts.remove({ namespace, app }),
    buildsRunning: (count) => running.set(count),
    buildEnded(result, seconds) {
      builds.inc({ result });
      duration.observe(seconds);
    },
    imageReused: () => builds.inc({ result: 'reused' }),
  };
}

export const appStates = ['available', 'progressing', 'degraded', 'paused'] as const;
export const instanceStates = ['ready', 'starting', 'waiting', 'failed'] as const;

/** Gauges that are counted from the caches when somebody scrapes. */
export function countObjects(registry: Registry, caches: Pick<AppCaches, 'apps' | 'instances'>, now: () => Date): void {
  const registers = [registry];
  new Gauge({
    name: 'osv_operator_apps',
    help: 'OsvApps, by state.',
    labelNames: ['state'] as const,
    registers,
    collect() {
      const states = caches.apps.list().map(appState);
      for (const state of appStates) this.set({ state }, states.filter((one) => one === state).length);
    },
  });
  new Gauge({
    name: 'osv_operator_instances',
    help: 'Instances of all OsvApps, by state; waiting ones are held by the restart back-off.',
    labelNames: ['state'] as const,
    registers,
    collect() {
      const counts = countInstances(caches, now());
      for (const state of instanceStates) this.set({ state }, counts[state]);
    },
  });
}

/** One state for each app, so that the sum is the number of apps. */
export function appState({ spec, status }: OsvApp): (typeof appStates)[number] {
  const condition = (type: string) => status?.conditions?.find((one) => one.type === type);
  if (spec.paused) return 'paused';
  if (condition('Degraded')?.status === 'True') return 'degraded';
  return condition('Available')?.status === 'True' ? 'available' : 'progressing';
}

function countInstances({ apps, instances }: Pick<AppCaches, 'apps' | 'instances'>, now: Date) {
  const counts = { ready: 0, starting: 0, waiting: 0, failed: 0 };
  for (const { phase, ready, leaving } of instances.list().map(observeInstance)) {
    if (phase === 'Failed') counts.failed += 1;
    else if (!leaving) counts[ready ? 'ready' : 'starting'] += 1;
  }
  for (const { spec, status } of apps.list()) {
    if (!isLooping(status?.backOff, now) || remainingSeconds(status?.backOff, now) === 0) continue;
    counts.waiting += Math.max(0, wantedReplicas(spec) - (status?.replicas ?? 0));
  }
  return counts;
}
