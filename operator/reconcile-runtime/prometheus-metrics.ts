import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ApiObserver } from '../kubernetes/api-observer.ts';
import type { QueueState, RuntimeMetrics } from './metrics.ts';

const shortBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];

/**
 * Metrics of the runtime and of the API client in a registry of prom-client. Labels have few values: controllers,
 * resources, verbs, statuses; never names of objects.
 *
 * ```ts
 * const { metrics, observer } = createRuntimeMetrics(registry);
 * const client = createApiClient({ …, observer });
 * const controller = new Controller({ …, metrics });
 * ```
 */
export function createRuntimeMetrics(registry: Registry): { metrics: RuntimeMetrics; observer: ApiObserver } {
  return { metrics: { ...queueMetrics(registry), ...watchMetrics(registry) }, observer: apiObserver(registry) };
}

function queueMetrics(registry: Registry) {
  const registers = [registry];
  const name = ['name'] as const;
  const queues = new Map<string, QueueState>();
  const gauge = (suffix: string, help: string, read: (state: QueueState) => number) =>
    new Gauge({
      name: `osv_operator_workqueue_${suffix}`,
      help,
      labelNames: name,
      registers,
      collect() {
        for (const [queue, state] of queues) this.set({ name: queue }, read(state));
      },
    });
  gauge('depth', 'Keys that wait to be reconciled.', ({ depth }) => depth);
  gauge('delayed', 'Keys that wait for their time: back-off, or a requeue.', ({ delayed }) => delayed);
  gauge(
    'longest_running_seconds',
    'For how long the key that is worked on longest has been; grows when a reconcile hangs.',
    ({ longestRunningSeconds }) => longestRunningSeconds,
  );
  const adds = new Counter({
    name: 'osv_operator_workqueue_adds_total',
    help: 'Keys added to the work queue, those that waited in it already not counted.',
    labelNames: name,
    registers,
  });
  const retries = new Counter({
    name: 'osv_operator_workqueue_retries_total',
    help: 'Keys added again after a failed reconcile.',
    labelNames: name,
    registers,
  });
  const full = new Counter({
    name: 'osv_operator_workqueue_full_total',
    help: 'Keys that a full work queue refused; all objects are looked at again afterwards.',
    labelNames: name,
    registers,
  });
  const queued = new Histogram({
    name: 'osv_operator_workqueue_queue_duration_seconds',
    help: 'How long keys wait in the work queue after they became ready.',
    labelNames: name,
    buckets: shortBuckets,
    registers,
  });
  const worked = new Histogram({
    name: 'osv_operator_workqueue_work_duration_seconds',
    help: 'How long keys are worked on.',
    labelNames: name,
    buckets: shortBuckets,
    registers,
  });
  const reconciles = new Counter({
    name: 'osv_operator_reconcile_total',
    help: 'Reconciles by result: success, requeue-after, conflict, error.',
    labelNames: ['controller', 'result'] as const,
    registers,
  });
  const reconcileSeconds = new Histogram({
    name: 'osv_operator_reconcile_duration_seconds',
    help: 'How long a reconcile takes.',
    labelNames: ['controller'] as const,
    buckets: shortBuckets,
    registers,
  });
  return {
    queueCreated: (queue, state) => void queues.set(queue, state),
    queueAdded: (queue) => adds.inc({ name: queue }),
    queueRetried: (queue) => retries.inc({ name: queue }),
    queueFull: (queue) => full.inc({ name: queue }),
    queueTaken: (queue, seconds) => queued.observe({ name: queue }, seconds),
    queueWorked: (queue, seconds) => worked.observe({ name: queue }, seconds),
    reconciled(controller, result, seconds) {
      reconciles.inc({ controller, result });
      reconcileSeconds.observe({ controller }, seconds);
    },
  } satisfies Partial<RuntimeMetrics>;
}

function watchMetrics(registry: Registry) {
  const registers = [registry];
  const lists = new Counter({
    name: 'osv_operator_lists_total',
    help: 'Full lists of a resource; one at the start, more only when the API server lost the place.',
    labelNames: ['resource'] as const,
    registers,
  });
  const objects = new Gauge({
    name: 'osv_operator_listed_objects',
    help: 'Objects of a resource in its last full list.',
    labelNames: ['resource'] as const,
    registers,
  });
  const watches = new Counter({
    name: 'osv_operator_watch_restarts_total',
    help: 'Watches that ended and were started again, by reason: closed, silent, expired, error.',
    labelNames: ['resource', 'reason'] as const,
    registers,
  });
  const leads = new Gauge({
    name: 'osv_operator_leading',
    help: '1 while this process holds the lease.',
    labelNames: ['lease'] as const,
    registers,
  });
  const events = new Counter({
    name: 'osv_operator_events_dropped_total',
    help: 'Events about objects that were not written: too many, or refused.',
    registers,
  });
  const handlers = new Counter({
    name: 'osv_operator_handler_failures_total',
    help: 'Changes that a subscriber of a cache failed to take in.',
    labelNames: ['resource'] as const,
    registers,
  });
  return {
    listed(resource, count) {
      lists.inc({ resource });
      objects.set({ resource }, count);
    },
    watchEnded: (resource, reason) => watches.inc({ resource, reason }),
    leading: (lease, value) => leads.set({ lease }, value ? 1 : 0),
    eventDropped: () => events.inc(),
    handlerFailed: (resource) => handlers.inc({ resource }),
  } satisfies Partial<RuntimeMetrics>;
}

function apiObserver(registry: Registry): ApiObserver {
  const requests = new Counter({
    name: 'osv_operator_api_requests_total',
    help: 'Requests to the API server; status 0 stands for no answer.',
    labelNames: ['verb', 'resource', 'status'] as const,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'osv_operator_api_request_duration_seconds',
    help: 'How long the API server takes to answer; for a watch until its first byte.',
    labelNames: ['verb'] as const,
    buckets: shortBuckets,
    registers: [registry],
  });
  return {
    request(record) {
      requests.inc({ verb: record.verb, resource: record.resource, status: String(record.status) });
      seconds.observe({ verb: record.verb }, record.seconds);
    },
  };
}
