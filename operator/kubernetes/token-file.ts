import { readFile } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import { ApiError } from './api-error.ts';

const ageMillisecondsMax = 60_000;

/**
 * A bearer token in a file that somebody renews, such as a pod's service account token: read again every minute, as
 * client-go does, and when the server no longer accepts it.
 */
export class TokenFile {
  readonly #path: string;
  readonly #clock: Clock;
  #known: { token: string; readAt: number } | undefined;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  async current(): Promise<string> {
    const now = this.#clock.monotonic();
    if (this.#known && now - this.#known.readAt < ageMillisecondsMax) return this.#known.token;
    try {
      this.#known = { token: (await readFile(this.#path, 'utf8')).trim(), readAt: now };
    } catch (cause) {
      // A volume that is being renewed must not stop a token that still holds.
      if (this.#known) return this.#known.token;
      throw new ApiError(`The token file ${this.#path} cannot be read.`, {
        status: 0,
        reason: 'CredentialsUnavailable',
        cause,
      });
    }
    return this.#known.token;
  }

  forget(): void {
    this.#known = undefined;
  }
}
