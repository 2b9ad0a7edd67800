import type { VirtualMachineInstance } from '../kubernetes/index.ts';
import type { ObjectCache } from '../reconcile-runtime/index.ts';
import { hasEnded } from './observe.ts';

/**
 * Instances that were seen to have ended while nobody had asked them to. Times tell that only to the second, and
 * KubeVirt's replica sets delete what has ended in the same one.
 */
export class EndedInstances {
  readonly #uids = new Set<string>();

  constructor(instances: Pick<ObjectCache<VirtualMachineInstance>, 'subscribe'>) {
    instances.subscribe(({ type, object }) => {
      const { uid = '', deletionTimestamp } = object.metadata;
      if (type === 'deleted') this.#uids.delete(uid);
      else if (hasEnded(object) && deletionTimestamp === undefined) this.#uids.add(uid);
    });
  }

  has(uid: string | undefined): boolean {
    return uid !== undefined && this.#uids.has(uid);
  }
}
