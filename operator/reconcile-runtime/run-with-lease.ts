import { type Clock, sleep, systemClock } from '../clock.ts';
import type { ApiClient } from '../kubernetes/api-client.ts';
import { ApiError } from '../kubernetes/api-error.ts';
import { type Lease, resources } from '../kubernetes/resources.ts';
import { type Logger, silentLogger } from '../logger.ts';
import { writeHolder, writeReleased } from './lease-record.ts';
import { noRuntimeMetrics, type RuntimeMetrics } from './metrics.ts';

export interface LeaseOptions {
  client: ApiClient;
  namespace: string;
  name: string;
  /** Of this process, never used again by another one: pod name and a random part. */
  identity: string;
  /** Others wait so long after the last renewal that they have seen. Default 15. */
  leaseSeconds?: number;
  /** A leader that could not renew for so long has lost. Below `leaseSeconds`; default two thirds of it. */
  renewDeadlineSeconds?: number;
  /** Between two tries; default two fifteenths of `leaseSeconds`. */
  retrySeconds?: number;
  /** What a leader does. The signal ends when the lease is lost or given up; the lease is released after it returns. */
  onStartedLeading: (signal: AbortSignal) => Promise<void> | void;
  onStoppedLeading?: () => void;
  /** Hears at the start and after each renewal until when, by the monotonic clock, this process surely leads. */
  onHeldUntil?: (milliseconds: number) => void;
  /** Gives the lease up, or stops trying to get it. */
  signal?: AbortSignal;
  clock?: Clock;
  random?: () => number;
  logger?: Logger;
  metrics?: RuntimeMetrics;
}

/** Why {@link runWithLease} returned. */
export type LeaseEnd = 'lost' | 'released' | 'never-led';

/** Tries to get the lease are spread by up to this part of `retrySeconds`; client-go's JitterFactor. */
const jitter = 1.2;

/**
 * Leads while it holds a Lease, so that of several replicas one works. Semantics of client-go's leader election: a
 * holder counts as alive for `leaseSeconds` after a change of its Lease was *seen*, by our own clock, so clocks that
 * differ do no harm; a leader that cannot renew within `renewDeadlineSeconds` stops before others may begin.
 *
 * Returns when the lease is lost or the signal aborted; a leader that lost should end its process. Unlike client-go
 * the lease is released only after the leader's work has ended.
 *
 * ```ts
 * const end = await runWithLease({
 *   client, namespace: 'osv-system', name: 'osv-operator', identity, signal,
 *   onStartedLeading: (leading) => controller.start(leading),
 * });
 * if (end === 'lost') process.exitCode = 1;
 * ```
 */
export async function runWithLease(options: LeaseOptions): Promise<LeaseEnd> {
  return new Candidate(options).run();
}

class Candidate {
  readonly #options: LeaseOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #logger: Logger;
  readonly #metrics: RuntimeMetrics;
  readonly #terms: { identity: string; leaseSeconds: number };
  readonly #renewMilliseconds: number;
  readonly #retryMilliseconds: number;
  readonly #reference: { namespace: string; name: string };
  /** The Lease as last seen, and when by our clock it last changed. */
  #seen: { lease: Lease; at: number } | undefined;

  constructor(options: LeaseOptions) {
    const { leaseSeconds = 15, renewDeadlineSeconds = (leaseSeconds * 2) / 3 } = options;
    const { retrySeconds = (leaseSeconds * 2) / 15, namespace, name, identity } = options;
    if (!(leaseSeconds > renewDeadlineSeconds && renewDeadlineSeconds > retrySeconds * jitter && retrySeconds > 0)) {
      throw new TypeError('A lease needs leaseSeconds > renewDeadlineSeconds > 1.2 * retrySeconds > 0.');
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#logger = options.logger ?? silentLogger;
    this.#metrics = options.metrics ?? noRuntimeMetrics;
    this.#terms = { identity, leaseSeconds };
    this.#renewMilliseconds = renewDeadlineSeconds * 1000;
    this.#retryMilliseconds = retrySeconds * 1000;
    this.#reference = { namespace, name };
  }

  async run(): Promise<LeaseEnd> {
    const { signal, name } = this.#options;
    this.#metrics.leading(name, false);
    while (!signal?.aborted) {
      const startedAt = this.#clock.monotonic();
      if (await this.#tryWithin(this.#renewMilliseconds)) return this.#lead(startedAt);
      await sleep(this.#clock, this.#retryMilliseconds * (1 + jitter * this.#random()), signal);
    }
    return 'never-led';
  }

  async #lead(heldSince: number): Promise<LeaseEnd> {
    const { signal, name, onStoppedLeading } = this.#options;
    this.#logger.info({ lease: name, identity: this.#terms.identity }, 'This process leads');
    this.#metrics.leading(name, true);
    const leading = new AbortController();
    const stopRenewing = new AbortController();
    const giveUp = () => leading.abort();
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#options.onHeldUntil?.(heldSince + this.#renewMilliseconds);
    // The lease is renewed until the work has ended, also while it ends after the signal.
    const work = this.#work(leading, stopRenewing);
    const settled = work.catch(() => {});
    const lost = await this.#renewUntil(stopRenewing.signal, heldSince);
    leading.abort();
    signal?.removeEventListener('abort', giveUp);
    if (lost) this.#logger.error({ lease: name, identity: this.#terms.identity }, 'The lease is lost');
    this.#metrics.leading(name, false);
    try {
      if (lost) onStoppedLeading?.();
      await settled;
      if (!lost) await this.#release();
      if (!lost) onStoppedLeading?.();
      await work;
      return lost ? 'lost' : 'released';
    } finally {
      this.#logger.info({ lease: name }, 'This process no longer leads');
    }
  }

  async #work(leading: AbortController, stopRenewing: AbortController): Promise<void> {
    try {
      await this.#options.onStartedLeading(leading.signal);
      // A leader whose work is only to keep something alive returns at once; it leads on until it is told to stop.
      await untilAborted(leading.signal);
    } finally {
      leading.abort();
      stopRenewing.abort();
    }
  }

  /** @returns whether the lease is lost; false when the signal came */
  async #renewUntil(signal: AbortSignal, heldSince: number): Promise<boolean> {
    let renewedAt = heldSince;
    while (!signal.aborted) {
      await sleep(this.#clock, this.#retryMilliseconds, signal);
      if (signal.aborted) return false;
      const startedAt = this.#clock.monotonic();
      const left = renewedAt + this.#renewMilliseconds - startedAt;
      const held = left > 0 && (await this.#tryWithin(left));
      // A renewal counts from when it was asked for: others count from a moment between that and its answer.
      if (held) {
        renewedAt = startedAt;
        this.#options.onHeldUntil?.(renewedAt + this.#renewMilliseconds);
      } else if (this.#heldByAnother() || this.#clock.monotonic() >= renewedAt + this.#renewMilliseconds) return true;
    }
    return false;
  }

  /** Whether we hold the lease after one try; false too when the try fails or takes too long. */
  async #tryWithin(milliseconds: number): Promise<boolean> {
    const limit = Promise.withResolvers<false>();
    const timer = this.#clock.after(milliseconds, () => limit.resolve(false));
    try {
      return await Promise.race([this.#try(), limit.promise]);
    } catch (error) {
      this.#logger.warn({ err: error, lease: this.#options.name }, 'The lease could not be read or written');
      if (!(error instanceof ApiError)) throw error;
      return false;
    } finally {
      timer.cancel();
    }
  }

  async #try(): Promise<boolean> {
    const { client } = this.#options;
    const lease = await client.get(resources.leases, this.#reference);
    if (lease) this.#see(lease);
    if (lease && this.#heldByAnother() && !this.#isOver()) return false;
    const written = await writeHolder(client, this.#reference, lease, this.#terms, this.#clock.now());
    this.#see(written);
    return true;
  }

  #see(lease: Lease): void {
    if (this.#seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    this.#seen = { lease, at: this.#clock.monotonic() };
  }

  #heldByAnother(): boolean {
    const holder = this.#seen?.lease.spec?.holderIdentity;
    return Boolean(holder) && holder !== this.#terms.identity;
  }

  #isOver(): boolean {
    if (!this.#seen) return true;
    const seconds = this.#seen.lease.spec?.leaseDurationSeconds ?? this.#terms.leaseSeconds;
    return this.#clock.monotonic() >= this.#seen.at + seconds * 1000;
  }

  async #release(): Promise<void> {
    if (!this.#seen || this.#heldByAnother()) return;
    try {
      await writeReleased(this.#options.client, this.#reference, this.#seen.lease, this.#clock.now());
    } catch (error) {
      this.#logger.warn(
        { err: error, lease: this.#options.name },
        'The lease could not be released; others wait for it',
      );
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
