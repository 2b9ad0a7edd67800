import { wantedReplicas } from '../effective-spec.ts';
import type { AppStatus, Observed, ObservedInstance } from '../model.ts';
import { replicaSetName } from '../objects/replica-set.ts';
import type { Crash } from '../rollout/back-off.ts';

type Report = NonNullable<AppStatus['instances']>[number];
export type History = Pick<Report, 'restarts' | 'lastTermination'>;

/** KubeVirt's phases of what has ended, with the words for it: the guest's own power-off, or anything else. */
const endings: Readonly<Record<string, { reason: string; message: string }>> = {
  Succeeded: { reason: 'Ended', message: 'The program ended, and its guest was switched off in good order.' },
  Failed: {
    reason: 'Failed',
    message: 'The guest ended in no good order: it crashed, was killed, or could not start.',
  },
};

/** An instance of a set that has ended by itself. */
interface Ended {
  readonly name: string;
  readonly phase: string | undefined;
  readonly history: History;
  /** Of one that no pass has reported: it came and ended between two of them. */
  readonly unreportedSince?: Date;
}

/**
 * How often and how instances ended by themselves, by the status of the last pass and what is seen now. A machine's
 * instances all have its name; an instance of a set has a new name each time, so the next new one of its revision takes
 * over the history of one that has ended.
 */
export class InstanceHistories {
  readonly #observed: Observed;
  readonly #known: ReadonlyMap<string, Report>;
  readonly #machines: ReadonlySet<string>;
  /** Places in the order of the ends, by the instance's UID. */
  readonly #order: ReadonlyMap<string, number>;
  /** By the instance's name; without those whose history has gone over to another one. */
  readonly #ended: Map<string, Ended>;
  readonly #takenOver = new Map<string, History>();

  constructor(observed: Observed) {
    this.#observed = observed;
    this.#known = new Map((observed.app.status?.instances ?? []).map((report) => [report.name, report]));
    this.#machines = new Set(observed.machines.map(({ name }) => name));
    this.#order = new Map(inOrder(observed).map(({ uid }, index) => [uid, index]));
    this.#ended = new Map();
    for (const one of this.#endedOfSets()) this.#ended.set(one.name, this.#withPredecessor(one));
    const isNew = ({ name, leaving }: ObservedInstance) =>
      !leaving && !this.#known.has(name) && !this.#machines.has(name);
    for (const instance of observed.instances.filter(isNew)) this.#takeOver(instance);
  }

  /** @returns undefined where another instance has taken over the history, and the place in the list */
  of({ name, uid }: ObservedInstance): History | undefined {
    if (this.#machines.has(name)) return this.#ofMachine(name);
    const hasCrashed = this.#observed.crashes.some((one) => one.uid === uid);
    if (hasCrashed) return this.#ended.get(name)?.history;
    return this.#takenOver.get(name) ?? historyOf(this.#known.get(name));
  }

  /** Instances that are gone and whose next ones are not there yet, as many as are wanted and missing. */
  waiting(): Report[] {
    const { app, instances } = this.#observed;
    const present = new Set(instances.map(({ name }) => name));
    const missing = wantedReplicas(app.spec) - instances.filter(({ leaving }) => !leaving).length;
    const ofSets = [...this.#ended.values()].filter(({ name }) => !present.has(name));
    const ofMachines = [...this.#machines].flatMap((name): Ended[] => {
      const history = this.#ofMachine(name);
      return history.lastTermination && !present.has(name)
        ? [{ name, phase: this.#known.get(name)?.phase, history }]
        : [];
    });
    return [...ofMachines, ...(missing > 0 ? ofSets.slice(-missing) : [])].map(({ name, phase, history }) => ({
      name,
      ...(phase ? { phase } : {}),
      ...history,
    }));
  }

  #ofMachine(name: string): History {
    return inOrder(this.#observed)
      .filter(({ instance }) => instance === name)
      .reduce<History>(
        (before, crash) => (this.#tellsOf(before, crash) ? before : ended(before, crash)),
        historyOf(this.#known.get(name)),
      );
  }

  /** Whether a history has that end in it, or a later one. */
  #tellsOf(history: History, { uid, at }: Crash): boolean {
    const last = endOf(history);
    if (last !== at.toISOString()) return last > at.toISOString();
    const told = this.#placeOf(history);
    return told < 0 || told >= (this.#order.get(uid) ?? 0);
  }

  /** -1 where nobody remembers that instance any more, or its UID is not known. */
  #placeOf({ lastTermination }: History): number {
    return this.#order.get(lastTermination?.uid ?? '') ?? -1;
  }

  /** The one that ended first is the first. */
  #endedOfSets(): Ended[] {
    const { crashes, crashesOfGone } = this.#observed;
    const known = [...this.#known.values()];
    // Another one has taken a crash over in an earlier pass, which also took the instance off the list. One that has ended is
    // seen, or remembered, for a while, in which the other may have crashed too.
    const isOpen = (crash: Crash) =>
      this.#known.has(crash.instance) || !known.some((report) => this.#tellsOf(report, crash));
    const present = new Set(crashes.map(({ instance }) => instance));
    const now = [
      ...crashes.filter(isOpen),
      ...crashesOfGone.filter((crash) => !present.has(crash.instance) && isOpen(crash)),
    ].map((crash): Ended => {
      const before = this.#known.get(crash.instance);
      const one = { name: crash.instance, phase: crash.phase, history: ended(before, crash) };
      return before ? one : { ...one, unreportedSince: crash.createdAt };
    });
    const seen = new Set(now.map(({ name }) => name));
    const earlier = known.flatMap(({ name, phase, ...report }): Ended[] => {
      const isEnded = phase !== undefined && phase in endings && report.lastTermination;
      return isEnded && !seen.has(name) ? [{ name, phase, history: historyOf(report) }] : [];
    });
    return [...earlier, ...now]
      .filter(({ name }) => !this.#machines.has(name))
      .sort(
        (left, right) =>
          endOf(left.history).localeCompare(endOf(right.history)) ||
          this.#placeOf(left.history) - this.#placeOf(right.history),
      );
  }

  #takeOver({ name, revision }: ObservedInstance): void {
    const prefix = `${replicaSetName(this.#observed.app.metadata.name, revision)}-`;
    const one = [...this.#ended.values()].find((candidate) => candidate.name.startsWith(prefix));
    if (!one) return;
    this.#ended.delete(one.name);
    this.#takenOver.set(name, one.history);
  }

  /** One that came for another and ended too, before any pass saw that, takes over first. */
  #withPredecessor(one: Ended): Ended {
    const { name, unreportedSince, history } = one;
    if (!unreportedSince) return one;
    const set = (instance: string) => instance.slice(0, instance.lastIndexOf('-'));
    const before = [...this.#ended.values()].find(
      (other) => set(other.name) === set(name) && wholeSecond(endOf(other.history)) <= unreportedSince.getTime(),
    );
    if (!before) return one;
    this.#ended.delete(before.name);
    const restarts = (before.history.restarts ?? 0) + (history.restarts ?? 0);
    return { ...one, history: { ...history, restarts } };
  }
}

/** Times of objects are whole seconds, in which one may end, and the next one too: then the one that was made first. */
function inOrder({ crashes, crashesOfGone }: Observed): Crash[] {
  return [...crashesOfGone, ...crashes].sort(
    (left, right) => left.at.getTime() - right.at.getTime() || left.createdAt.getTime() - right.createdAt.getTime(),
  );
}

/** Objects are made at whole seconds. */
function wholeSecond(time: string): number {
  return Math.floor(Date.parse(time) / 1000) * 1000;
}

function endOf({ lastTermination }: History): string {
  const finishedAt = lastTermination?.finishedAt;
  // The API server keeps times as they were written, but other writers may leave the milliseconds out.
  return finishedAt === undefined ? '' : new Date(finishedAt).toISOString();
}

/** @param before of the instance itself: its own end is in it already, or one that it has taken over */
function ended(before: History | undefined, { uid, phase, at }: Crash): History {
  const finishedAt = at.toISOString();
  if (before && endOf(before) === finishedAt && (before.lastTermination?.uid ?? uid) === uid) return historyOf(before);
  const { reason, message } = endings[phase] ?? { reason: phase, message: '' };
  return { restarts: (before?.restarts ?? 0) + 1, lastTermination: { uid, reason, message, finishedAt } };
}

function historyOf(report: History | undefined): History {
  const { restarts, lastTermination } = report ?? {};
  return {
    ...(restarts === undefined ? {} : { restarts }),
    ...(lastTermination === undefined ? {} : { lastTermination }),
  };
}
