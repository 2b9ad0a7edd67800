import type { Clock, Timer } from '../clock.ts';
import type { WatchEvent } from './api-client.ts';
import { ApiError, type ApiStatus } from './api-error.ts';
import { jsonLines } from './json-lines.ts';
import type { StreamAnswer } from './transport.ts';

/**
 * The events of a watch's answer. ERROR events are thrown, and so is silence: a connection that died without a word,
 * as NAT gateways make them, would otherwise leave a cache stale for ever.
 */
export async function* watchEvents<T>(
  answer: StreamAnswer,
  options: { what: string; clock: Clock; inactivitySeconds: number },
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { what, clock, inactivitySeconds } = options;
  const silence = new Silence(clock, inactivitySeconds, () =>
    answer.abort(
      new ApiError(`${what} was ended: nothing came for ${inactivitySeconds} s.`, { status: 0, reason: 'Timeout' }),
    ),
  );
  try {
    for await (const value of jsonLines(silence.watch(answer.chunks))) {
      const { type, object } = value as { type: string; object: unknown };
      if (type === 'ERROR') throw ApiError.fromStatus(what, object as ApiStatus, { status: 500 });
      yield value as WatchEvent<T>;
    }
  } finally {
    silence.end();
    // Whoever stops reading early lets go of the connection as well.
    answer.abort(new ApiError(`${what} was given up.`, { status: 0, reason: 'Aborted' }));
  }
}

/** Calls back when a stream has been silent; time that the reader takes for itself does not count. */
class Silence {
  #timer: Timer | undefined;
  readonly #clock: Clock;
  readonly #seconds: number;
  readonly #onSilence: () => void;

  constructor(clock: Clock, seconds: number, onSilence: () => void) {
    this.#clock = clock;
    this.#seconds = seconds;
    this.#onSilence = onSilence;
  }

  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#listen();
    for await (const chunk of chunks) {
      this.end();
      yield chunk;
      this.#listen();
    }
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #listen(): void {
    if (this.#seconds > 0) this.#timer = this.#clock.after(this.#seconds * 1000, this.#onSilence);
  }
}
