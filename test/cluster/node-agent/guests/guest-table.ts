import { keyOf, type ObjectReference } from '@osv/operator/kubernetes';
import type { Guest } from '../machine/guest.ts';

/** A guest that this agent has started, or is about to. */
export interface GuestEntry {
  /** Of the VMI. */
  readonly uid: string;
  readonly reference: ObjectReference;
  readonly nodeName: string;
  /** In the cluster. */
  readonly podAddress: string;
  readonly macAddress: string | undefined;
  /** Holds its disks and logs; undefined for a pretended guest. */
  readonly folder: string | undefined;
  /** Undefined while it is being started. */
  guest: Guest | undefined;
}

/** All guests of this process, by the uid of their VMI and by its name. */
export class GuestTable {
  readonly #entries = new Map<string, GuestEntry>();
  readonly #byKey = new Map<string, Set<GuestEntry>>();

  get(uid: string): GuestEntry | undefined {
    return this.#entries.get(uid);
  }

  all(): GuestEntry[] {
    return [...this.#entries.values()];
  }

  /** Those of a name: more than one when a VMI has been made anew before the guest of the last one had ended. */
  named(key: string): GuestEntry[] {
    return [...(this.#byKey.get(key) ?? [])];
  }

  /** The one of this name that has not ended. */
  running(reference: ObjectReference): GuestEntry | undefined {
    return this.named(keyOf(reference)).find(({ guest }) => !guest?.outcome);
  }

  add(entry: GuestEntry): void {
    this.#entries.set(entry.uid, entry);
    const key = keyOf(entry.reference);
    const named = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, named.add(entry));
  }

  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (!entry) return;
    this.#entries.delete(uid);
    const key = keyOf(entry.reference);
    const named = this.#byKey.get(key);
    named?.delete(entry);
    if (named?.size === 0) this.#byKey.delete(key);
  }
}
