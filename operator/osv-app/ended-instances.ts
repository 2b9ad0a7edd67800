import type { KubernetesObject, VirtualMachineInstance } from '../kubernetes/index.ts';
import type { ObjectCache } from '../reconcile-runtime/index.ts';
import { controllerUid } from './objects/owner.ts';
import { crashOf, hasEnded } from './observe.ts';
import type { Crash } from './rollout/back-off.ts';

/** A pass that is later than this is one after a long standstill. */
const rememberedMilliseconds = 60_000;
/** Crashes of one set or machine that are remembered; more in a minute make no difference to the back-off. */
const crashesMax = 16;

/**
 * What is not to be seen in the instances any more when a pass looks. Some were seen to have ended while nobody had asked
 * them to: times tell that only to the second, and KubeVirt's replica sets delete what has ended in the same one. And of
 * those that are gone already, since that may be before the next pass, the crashes.
 */
export class EndedInstances {
  readonly #uids = new Set<string>();
  /** Of instances that are gone, by the UID of their set or machine. */
  readonly #crashes = new Map<string, readonly Crash[]>();

  constructor(
    instances: Pick<ObjectCache<VirtualMachineInstance>, 'subscribe'>,
    ...owners: readonly Pick<ObjectCache<KubernetesObject>, 'subscribe'>[]
  ) {
    instances.subscribe(({ type, object }) => {
      const { uid = '', deletionTimestamp } = object.metadata;
      if (type === 'deleted') {
        this.#remember(object);
        this.#uids.delete(uid);
      } else if (hasEnded(object) && deletionTimestamp === undefined) this.#uids.add(uid);
    });
    for (const cache of owners) {
      cache.subscribe(({ type, object }) => {
        if (type === 'deleted') this.#crashes.delete(object.metadata.uid ?? '');
      });
    }
  }

  has(uid: string | undefined): boolean {
    return uid !== undefined && this.#uids.has(uid);
  }

  /** Crashes of instances of a set or machine that have gone not long ago, counted before or not. */
  crashesOf(ownerUid: string | undefined, now: Date): readonly Crash[] {
    const since = now.getTime() - rememberedMilliseconds;
    return (this.#crashes.get(ownerUid ?? '') ?? []).filter(({ at }) => at.getTime() > since);
  }

  #remember(instance: VirtualMachineInstance): void {
    const crash = crashOf(instance, this.has(instance.metadata.uid));
    const owner = controllerUid(instance);
    if (!crash || owner === undefined) return;
    // An instance goes after its set where both are deleted, so that the set's end takes nothing along.
    for (const [uid, crashes] of this.#crashes) {
      const last = crashes.at(-1)?.at.getTime() ?? 0;
      if (last < crash.at.getTime() - rememberedMilliseconds) this.#crashes.delete(uid);
    }
    this.#crashes.set(owner, [...(this.#crashes.get(owner) ?? []), crash].slice(-crashesMax));
  }
}
