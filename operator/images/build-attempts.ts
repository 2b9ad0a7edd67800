import type { ImageState } from './image-state.ts';

/** Seconds between tries of a build that failed: doubling from the first to the last. */
const retrySeconds = { first: 10, max: 600 } as const;

/** Seconds before the next try after so many; the longest at once where the same source will hardly build later. */
export function retryDelaySeconds(attempts: number, temporary: boolean): number {
  if (!temporary) return retrySeconds.max;
  return Math.min(retrySeconds.max, retrySeconds.first * 2 ** (attempts - 1));
}

export interface BuildFailureRecord {
  readonly code: string;
  readonly message: string;
  /** Whether the same build may succeed later. */
  readonly temporary: boolean;
  readonly at: Date;
}

interface Attempt {
  running: boolean;
  attempts: number;
  failure: BuildFailureRecord | undefined;
}

/** Remembers which builds are under way and which have failed, for one process. */
export class BuildAttempts {
  readonly #attempts = new Map<string, Attempt>();

  /** @returns false when a build of this key runs already */
  begin(key: string): boolean {
    const known = this.#attempts.get(key);
    if (known?.running) return false;
    this.#attempts.set(key, { running: true, attempts: (known?.attempts ?? 0) + 1, failure: undefined });
    return true;
  }

  succeeded(key: string): void {
    this.#attempts.delete(key);
  }

  failed(key: string, failure: BuildFailureRecord): void {
    const attempts = this.#attempts.get(key)?.attempts ?? 1;
    this.#attempts.set(key, { running: false, attempts, failure });
  }

  state(key: string): ImageState {
    const known = this.#attempts.get(key);
    if (!known) return { state: 'absent' };
    if (known.running || !known.failure) return { state: 'building' };
    const { code, message, temporary, at } = known.failure;
    const retryAt = new Date(at.getTime() + retryDelaySeconds(known.attempts, temporary) * 1000);
    return { state: 'failed', code, message, temporary, attempts: known.attempts, retryAt };
  }
}
