import { type AuditedRequest, auditedRequests, isWrite } from './audited.ts';
import type { Fleet } from './fleet.ts';

export interface RequestCounts {
  readonly total: number;
  /** Leases are no writes here. */
  readonly writes: number;
  readonly byVerb: Readonly<Record<string, number>>;
  /** `patch osvapps/status` and so on. */
  readonly byKind: Readonly<Record<string, number>>;
}

/** What a user has asked in a span of time. */
export async function requestCounts(path: string, user: string, since: number, until: number): Promise<RequestCounts> {
  const byVerb: Record<string, number> = {};
  const byKind: Record<string, number> = {};
  let [total, writes] = [0, 0];
  for await (const request of auditedRequests(path, since)) {
    if (request.user !== user || request.receivedAt < since || request.answeredAt > until) continue;
    total += 1;
    if (isWrite(request)) writes += 1;
    const { verb, resource, subresource } = request;
    const kind = `${verb} ${resource}${subresource ? `/${subresource}` : ''}`;
    byVerb[verb] = (byVerb[verb] ?? 0) + 1;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  return { total, writes, byVerb, byKind };
}

/** Milliseconds: how half, and how all but one of a hundred, of the apps did. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The way from an apply to its instance, in parts. */
export interface PathTimes {
  /** From the sending of the apply until a watch showed the instance. */
  readonly applyToInstance: Percentiles;
  /** From the app in the API server to its replica set there: the operator's part. */
  readonly appToSet: Percentiles;
  /** Of that, what the API server took to answer the operator's requests, one after the other. */
  readonly appToSetAnswers: Percentiles;
  /** From the replica set to the instance: KubeVirt's part. */
  readonly setToInstance: Percentiles;
  /** How long the API server took for the apply itself. */
  readonly apply: Percentiles;
  /** Requests of the operator about an app before its replica set. */
  readonly requestsBeforeSet: Percentiles;
  /** Instances that came in the busiest ten seconds, for each second. */
  readonly instancesPerSecond: number;
}

interface AppPath {
  appAt?: number;
  applyMilliseconds?: number;
  setAt?: number;
  readonly requests: { at: number; milliseconds: number }[];
}

export async function pathTimes(path: string, since: number, operator: string, fleet: Fleet): Promise<PathTimes> {
  const apps = new Map<string, AppPath>(fleet.keys.map((key) => [key, { requests: [] }]));
  for await (const request of auditedRequests(path, since)) note(apps, request, operator);
  const samples = [...apps].flatMap(([key, { appAt, applyMilliseconds, setAt, requests }]) => {
    const [applied, seen] = [fleet.appliedAt.get(key), fleet.instanceSeenAt.get(key)];
    if (appAt === undefined || setAt === undefined || applied === undefined || seen === undefined) return [];
    const before = requests.filter(({ at }) => at <= setAt);
    return {
      applyToInstance: seen - applied,
      appToSet: setAt - appAt,
      appToSetAnswers: before.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
      setToInstance: seen - setAt,
      apply: applyMilliseconds ?? 0,
      requestsBeforeSet: before.length,
    };
  });
  const of = (name: keyof (typeof samples)[number]) => percentiles(samples.map((sample) => sample[name]));
  return {
    applyToInstance: of('applyToInstance'),
    appToSet: of('appToSet'),
    appToSetAnswers: of('appToSetAnswers'),
    setToInstance: of('setToInstance'),
    apply: of('apply'),
    requestsBeforeSet: of('requestsBeforeSet'),
    instancesPerSecond: busiestRate([...fleet.instanceSeenAt.values()]),
  };
}

function note(apps: Map<string, AppPath>, request: AuditedRequest, operator: string): void {
  const { user, verb, resource, subresource, namespace, name, receivedAt, answeredAt } = request;
  const app = apps.get(`${namespace}/${appOf(name)}`);
  if (!app) return;
  if (user === operator) {
    if (resource === 'virtualmachineinstancereplicasets') app.setAt ??= answeredAt;
    app.requests.push({ at: answeredAt, milliseconds: answeredAt - receivedAt });
  } else if (resource === 'osvapps' && verb === 'patch' && !subresource && app.appAt === undefined) {
    app.appAt = answeredAt;
    app.applyMilliseconds = answeredAt - receivedAt;
  }
}

/** `app-17` of app-17, app-17-0123456789, app-17-0123456789-boot, app-17-management. */
function appOf(name: string): string {
  return /^([a-z]+-\d+)(?:-|\.|$)/.exec(name)?.[1] ?? name;
}

export function percentiles(samples: readonly number[]): Percentiles {
  const sorted = [...samples].sort((left, right) => left - right);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

const rateSeconds = 10;

export function busiestRate(times: readonly number[]): number {
  const sorted = [...times].sort((left, right) => left - right);
  let [best, first] = [0, 0];
  for (const [index, time] of sorted.entries()) {
    while (time - (sorted[first] ?? time) > rateSeconds * 1000) first += 1;
    best = Math.max(best, index - first + 1);
  }
  const span = ((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)) / 1000;
  return best / Math.max(1, Math.min(rateSeconds, span));
}
