import { type Clock, sleep } from '../clock.ts';
import { ApiError } from './api-error.ts';

/** How much may be repeated: `always` where twice is the same as once, else only what the server has not carried out. */
export type Repeatable = 'always' | 'unless-carried-out';

const attemptsMax = 5;
const firstDelayMilliseconds = 200;
const delayMillisecondsMax = 5000;
/** Above this the caller's own back-off is the better place to wait. */
const retryAfterSecondsMax = 30;

/** Whether the server certainly did nothing: it refused at the door, or was never reached. */
function certainlyNotDone(error: ApiError): boolean {
  return error.status === 429 || error.reason === 'Refused' || error.retryAfterSeconds !== undefined;
}

function isTransient(error: ApiError): boolean {
  if (error.reason === 'Aborted') return false;
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

/**
 * Runs a request again after 429, 5xx and connections that broke: as often as 5 times, waiting for what the server
 * asks for in Retry-After, else 200 ms doubling to 5 s, each with up to half of it at random on top so that many
 * clients do not come back at once.
 */
export async function withRetries<T>(
  run: () => Promise<T>,
  options: { repeatable: Repeatable; clock: Clock; random: () => number; signal?: AbortSignal | undefined },
): Promise<T> {
  const { repeatable, clock, random, signal } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ApiError) || !isTransient(error) || attempt >= attemptsMax) throw error;
      if (repeatable === 'unless-carried-out' && !certainlyNotDone(error)) throw error;
      if ((error.retryAfterSeconds ?? 0) > retryAfterSecondsMax) throw error;
      const backOff = Math.min(delayMillisecondsMax, firstDelayMilliseconds * 2 ** (attempt - 1));
      const base = error.retryAfterSeconds === undefined ? backOff : error.retryAfterSeconds * 1000;
      await sleep(clock, base + random() * Math.max(backOff, base) * 0.5, signal);
      if (signal?.aborted) throw error;
    }
  }
}
