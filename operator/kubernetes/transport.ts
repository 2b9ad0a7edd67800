import type { Clock } from '../clock.ts';
import { ApiError, type ApiStatus } from './api-error.ts';
import type { Connection } from './connection.ts';

export interface Exchange {
  method: string;
  /** Path and query. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  signal?: AbortSignal | undefined;
  /** For the answer's head, and for the whole body where it is read at once. */
  timeoutMilliseconds: number;
  /** For messages: "Reading pods shop/redis". */
  what: string;
}

export interface Answer {
  status: number;
  retryAfterSeconds: number | undefined;
  body: string;
}

export interface StreamAnswer {
  /** Aborted connections surface here as an ApiError. */
  chunks: AsyncIterable<Uint8Array>;
  /** Ends the exchange; the chunks then end with that error. */
  abort(error: ApiError): void;
}

/**
 * One HTTP exchange with the API server: credentials, time limits by the given clock, and every way in which it can
 * fail as an {@link ApiError}. Repeats nothing but a request that was refused with 401, once, with fresh credentials.
 */
export class Transport {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #userAgent: string;

  constructor(connection: Connection, options: { clock: Clock; userAgent: string }) {
    this.#connection = connection;
    this.#clock = options.clock;
    this.#userAgent = options.userAgent;
  }

  /** Any status is an answer. */
  async exchange(exchange: Exchange): Promise<Answer> {
    return this.#withFreshCredentials(async () => {
      const limit = new Limit(exchange, this.#clock);
      try {
        const response = await this.#send(exchange, limit);
        return { ...headOf(response), body: await response.body.text() };
      } catch (error) {
        throw limit.errorFor(error);
      } finally {
        limit.end();
      }
    });
  }

  /** @throws ApiError for every status but 200 */
  async stream(exchange: Exchange): Promise<StreamAnswer> {
    const limit = new Limit(exchange, this.#clock);
    try {
      const response = await this.#send(exchange, limit);
      if (response.statusCode !== 200) {
        if (response.statusCode === 401) this.#connection.forget();
        throw statusError(exchange.what, { ...headOf(response), body: await response.body.text() });
      }
      limit.stopTimer();
      return { chunks: guarded(response.body, limit), abort: (error) => limit.abort(error) };
    } catch (error) {
      limit.end();
      throw limit.errorFor(error);
    }
  }

  async #withFreshCredentials(send: () => Promise<Answer>): Promise<Answer> {
    const answer = await send();
    if (answer.status !== 401) return answer;
    this.#connection.forget();
    return send();
  }

  async #send({ method, path, headers, body }: Exchange, limit: Limit) {
    const access = await this.#connection.access();
    const url = new URL(this.#connection.server + path);
    return access.dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: method as 'GET',
      headers: { accept: 'application/json', 'user-agent': this.#userAgent, ...access.headers, ...headers },
      body: body ?? null,
      signal: limit.signal,
    });
  }
}

function headOf(response: { statusCode: number; headers: Record<string, string | string[] | undefined> }) {
  const seconds = Number(response.headers['retry-after']);
  const retryAfterSeconds = Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
  return { status: response.statusCode, retryAfterSeconds };
}

/** The error that an answer with this status stands for. */
export function statusError(what: string, { status, retryAfterSeconds, body }: Answer): ApiError {
  let parsed: ApiStatus | undefined;
  try {
    const value = JSON.parse(body) as ApiStatus;
    if (value?.kind === 'Status') parsed = value;
  } catch {
    // An answer of a proxy or a half-started server is plain text.
  }
  return ApiError.fromStatus(what, parsed, { status, retryAfterSeconds });
}

async function* guarded(body: AsyncIterable<Uint8Array>, limit: Limit): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
    // A body that was destroyed can end as if it were complete.
    if (limit.signal.aborted) throw limit.signal.reason;
  } catch (error) {
    throw limit.errorFor(error);
  } finally {
    limit.end();
  }
}

/** The end of an exchange by time or by the caller's signal, and the error that says so. */
class Limit {
  readonly #controller = new AbortController();
  readonly #exchange: Exchange;
  readonly #timer: { cancel(): void };
  readonly #follow = () => this.abort(aborted(this.#exchange));

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange;
    this.#timer = clock.after(exchange.timeoutMilliseconds, () => this.abort(timedOut(exchange)));
    if (exchange.signal?.aborted) this.#follow();
    else exchange.signal?.addEventListener('abort', this.#follow);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(error: ApiError): void {
    this.#controller.abort(error);
  }

  stopTimer(): void {
    this.#timer.cancel();
  }

  end(): void {
    this.#timer.cancel();
    this.#exchange.signal?.removeEventListener('abort', this.#follow);
  }

  errorFor(error: unknown): ApiError {
    if (this.signal.aborted) return this.signal.reason;
    if (error instanceof ApiError) return error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    const why = error instanceof Error ? error.message : String(error);
    if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return aborted(this.#exchange);
    const neverSent = code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ENOTFOUND';
    return new ApiError(`${this.#exchange.what} failed, the API server cannot be reached: ${why}`, {
      status: 0,
      reason: neverSent ? 'Refused' : 'Unreachable',
      cause: error,
    });
  }
}

function timedOut({ what, timeoutMilliseconds }: Exchange): ApiError {
  const seconds = timeoutMilliseconds / 1000;
  return new ApiError(`${what} got no answer from the API server in ${seconds} s.`, { status: 0, reason: 'Timeout' });
}

function aborted({ what }: Exchange): ApiError {
  return new ApiError(`${what} was given up.`, { status: 0, reason: 'Aborted' });
}
