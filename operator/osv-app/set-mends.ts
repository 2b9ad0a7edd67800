import type { VirtualMachineInstanceReplicaSet } from '../kubernetes/index.ts';
import type { ObjectCache } from '../reconcile-runtime/index.ts';
import type { SetMend } from './model.ts';
import { setContents } from './set-contents.ts';

const firstDelaySeconds = 10;
const delaySecondsMax = 300;
/** Who leaves a set alone for so long has stopped. */
const forgottenSeconds = 900;

/**
 * What has become of replica sets when this process wrote them, so that it does not write them for ever: a server that
 * makes something else of what it is given has the last word, and somebody who changes a set again and again, as another
 * controller would, is answered later each time.
 */
export class SetMends {
  readonly #mends = new Map<string, SetMend>();

  constructor(sets: Pick<ObjectCache<VirtualMachineInstanceReplicaSet>, 'subscribe'>) {
    sets.subscribe(({ type, object }) => {
      if (type === 'deleted') this.#mends.delete(object.metadata.uid ?? '');
    });
  }

  /** By the UID of the set. */
  get known(): ReadonlyMap<string, SetMend> {
    return this.#mends;
  }

  /** @param set as the server answered */
  mended(set: VirtualMachineInstanceReplicaSet, now: Date): void {
    const { uid = '' } = set.metadata;
    const before = this.#mends.get(uid);
    const isRecent = before && now.getTime() - before.at.getTime() < forgottenSeconds * 1000;
    const times = isRecent ? before.times + 1 : 1;
    const delay = Math.min(firstDelaySeconds * 2 ** (times - 1), delaySecondsMax);
    const notBefore = new Date(now.getTime() + delay * 1000);
    this.#mends.set(uid, { contents: setContents(set), at: now, times, notBefore });
  }
}
