import { isDeepStrictEqual } from 'node:util';
import type { AppStatus } from './model.ts';

/** A starting instance goes through its phases within a second or so, and nobody waits for any but the last. */
const delayMilliseconds = 1000;

/**
 * Puts off the writing of a status in which only details have changed: phases, nodes and addresses of instances, words of
 * conditions. What somebody may wait for (conditions, counts, the image, the generation) is written at once, and the
 * details with it; details alone follow within a second, however many of them come meanwhile.
 */
export class StatusDetails {
  /** Milliseconds since 1970 at which details of an app began to wait, by its key. */
  readonly #since = new Map<string, number>();

  /** @returns for how long the write can wait; undefined: not at all, or there is nothing to write */
  waitSeconds(key: string, before: AppStatus | undefined, after: AppStatus, now: number): number | undefined {
    if (isSameStatus(before, after) || !isDeepStrictEqual(essence(before ?? {}), essence(after))) {
      this.forget(key);
      return undefined;
    }
    const since = this.#since.get(key) ?? now;
    const left = since + delayMilliseconds - now;
    if (left <= 0) {
      this.forget(key);
      return undefined;
    }
    this.#since.set(key, since);
    return left / 1000;
  }

  forget(key: string): void {
    this.#since.delete(key);
  }
}

/** @param before as the server has it, so without undefined fields */
export function isSameStatus(before: AppStatus | undefined, after: AppStatus): boolean {
  return isDeepStrictEqual(before ?? {}, plain(after));
}

function essence({ instances: _, conditions, ...rest }: AppStatus): unknown {
  const states = conditions?.map(({ type, status, reason, observedGeneration }) => ({
    type,
    status,
    reason,
    observedGeneration,
  }));
  return plain({ ...rest, conditions: states } as AppStatus);
}

/** As it would come back from the server: without undefined fields. */
function plain(status: AppStatus): unknown {
  return JSON.parse(JSON.stringify(status));
}
