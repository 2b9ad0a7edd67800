/** Times of a crash loop, in seconds: those of a pod's restarts (Kubernetes documentation, "Container restart policy"). */
export const backOffSeconds = { first: 10, max: 300, forgetAfter: 600 } as const;

/** What an app's status keeps of the crashes of a revision. */
export interface BackOffRecord {
  revision: string;
  /** Crashes in a row: each within `forgetAfter` of the one before. */
  crashes: number;
  lastCrashAt: string;
  /** Instances that crashed in that second: times of objects are whole ones, and a guest lives through one in less. */
  lastCrashed?: string[];
  /** Until when nothing is started again. */
  until: string;
}

export interface Crash {
  /** Name of the instance. */
  readonly instance: string;
  readonly uid: string;
  /** KubeVirt's word for how it ended: Succeeded or Failed. */
  readonly phase: string;
  readonly revision: string;
  /** When the instance was made. */
  readonly createdAt: Date;
  readonly at: Date;
}

type CountedCrash = Pick<Crash, 'instance' | 'revision' | 'createdAt' | 'at'>;

/** A status must stay small; of so many in one second nobody counts each. */
const lastCrashedMax = 100;

/**
 * Adds the crashes that are later than the last one known: a guest that has ended stays visible for a while, to an
 * operator that has just started too. Replicas that crash side by side count once: only the crash of an instance that was
 * made after the last one counted is one more in a row. KubeVirt itself starts a guest that crashed after Running again at once and
 * for ever; the first restart is left to it, so that it also happens while no operator runs. For some time after that
 * the set is held, since KubeVirt would be quicker than the operator at the second crash.
 */
export function recordCrashes(
  record: BackOffRecord | undefined,
  revision: string,
  crashes: readonly CountedCrash[],
): BackOffRecord | undefined {
  let result = record?.revision === revision ? record : undefined;
  const inOrder = crashes
    .filter((crash) => crash.revision === revision)
    .sort((left, right) => left.at.getTime() - right.at.getTime());
  for (const { instance, at, createdAt } of inOrder) {
    if (result && isKnown(result, instance, at)) continue;
    const same = result && at.getTime() === Date.parse(result.lastCrashAt) ? (result.lastCrashed ?? []) : [];
    const lastCrashed = [...same, instance].slice(-lastCrashedMax);
    const forgotten = result && at.getTime() - Date.parse(result.lastCrashAt) > backOffSeconds.forgetAfter * 1000;
    if (result && !forgotten && createdAt.getTime() < countedAt(result)) {
      result = { ...result, lastCrashAt: at.toISOString(), lastCrashed };
      continue;
    }
    const count = result && !forgotten ? result.crashes + 1 : 1;
    const until = new Date(at.getTime() + delaySeconds(count) * 1000);
    result = { revision, crashes: count, lastCrashAt: at.toISOString(), lastCrashed, until: until.toISOString() };
  }
  return result;
}

function isKnown({ lastCrashAt, lastCrashed }: BackOffRecord, instance: string, at: Date): boolean {
  const last = Date.parse(lastCrashAt);
  // A record of before there was a list holds one crash of its second.
  return at.getTime() < last || (at.getTime() === last && (lastCrashed?.includes(instance) ?? true));
}

/** Milliseconds since 1970 of the crash that was counted last, which may be before the last crash. */
function countedAt({ until, crashes }: BackOffRecord): number {
  return Date.parse(until) - delaySeconds(crashes) * 1000;
}

/** Seconds before the next start after so many crashes in a row: none, then 10 doubling to 300. */
export function delaySeconds(crashes: number): number {
  if (crashes <= 1) return 0;
  return Math.min(backOffSeconds.max, backOffSeconds.first * 2 ** (crashes - 2));
}

/** Seconds that are left of the delay; 0 when starts are allowed. */
export function remainingSeconds(record: BackOffRecord | undefined, now: Date): number {
  if (!record) return 0;
  return Math.max(0, (Date.parse(record.until) - now.getTime()) / 1000);
}

/** Seconds for which the last crash still counts; 0 when it is forgotten. */
export function rememberedSeconds(record: BackOffRecord | undefined, now: Date): number {
  if (!record) return 0;
  return Math.max(0, backOffSeconds.forgetAfter - (now.getTime() - Date.parse(record.lastCrashAt)) / 1000);
}

/** Whether crashes still count as a loop. */
export function isLooping(record: BackOffRecord | undefined, now: Date): boolean {
  return record !== undefined && record.crashes >= 2 && rememberedSeconds(record, now) > 0;
}

/** Records by revision: of the wanted one, and of one that is still there during the rollout away from it. */
export type BackOffs = ReadonlyMap<string, BackOffRecord>;

/** @param records as the status of the last pass has them */
export function recordAllCrashes(
  records: readonly (BackOffRecord | undefined)[],
  revisions: Iterable<string>,
  crashes: readonly CountedCrash[],
): BackOffs {
  const known = new Map(records.flatMap((record) => (record ? [[record.revision, record]] : [])));
  const result = new Map<string, BackOffRecord>();
  for (const revision of revisions) {
    const record = recordCrashes(known.get(revision), revision, crashes);
    if (record) result.set(revision, record);
  }
  return result;
}

/** Whether one record tells of a crash that the other, of the last pass, did not. */
export function tellsOfCrash(after: BackOffRecord | undefined, before: BackOffRecord | undefined): boolean {
  return after !== undefined && (after.lastCrashAt !== before?.lastCrashAt || after.crashes !== before.crashes);
}
