import { managementPort } from '@osv/contracts';
import { Agent, ProxyAgent, request } from 'undici';
import { type ObjectReference, referenceOf, type VirtualMachineInstance } from '../kubernetes/index.ts';
import type { Logger } from '../logger.ts';
import type { GuestFacts } from '../osv-app/model.ts';
import { observeInstance } from '../osv-app/observe.ts';
import { Controller, type ObjectCache } from '../reconcile-runtime/index.ts';
import { guestFacts } from './guest-facts.ts';

/** Guests that are asked at the same time. */
const concurrency = 16;
const answerLimitMilliseconds = 5_000;
/** Seconds between questions to a guest that does not answer: doubling from the first to the last. */
const retrySeconds = { first: 0.25, max: 30 } as const;
/** A guest that starts, or an operator that does, needs a moment: that is no silence yet. About 4 s after the first question. */
const silentAfterFailures = 5;
/** An exposition is about 50 KB; a guest that sends without end is cut off. */
const expositionBytesMax = 4 * 1024 * 1024;

export interface GuestObserverOptions {
  readonly instances: ObjectCache<VirtualMachineInstance>;
  readonly logger: Logger;
  /** URL of an HTTP proxy into the pods' network, for an operator that is not in it; undefined: straight. */
  readonly proxy: string | undefined;
  /** Hears of every instance about which something new is known. */
  readonly onChange: (instance: ObjectReference) => void;
}

/**
 * Asks every running guest for its metrics until it has said how long it took to boot: this shows that Prometheus would get
 * an answer, too.
 */
export class GuestObserver {
  /** By the instance's UID. */
  readonly facts = new Map<string, GuestFacts>();
  /** UIDs of those that have been asked and did not answer. */
  readonly silent = new Set<string>();
  readonly #options: GuestObserverOptions;
  readonly #failures = new Map<string, number>();
  readonly #controller: Controller;

  constructor(options: GuestObserverOptions) {
    this.#options = options;
    this.#controller = new Controller({
      name: 'guests',
      reconcile: (key) => this.#observe(referenceOf(key)),
      concurrency,
      logger: options.logger,
    });
    this.#controller.watch(options.instances, ({ type, object }) => {
      if (type === 'deleted') this.#forget(object.metadata.uid ?? '');
      const { namespace, name } = object.metadata;
      return [`${namespace}/${name}`];
    });
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#controller.start(signal);
  }

  #forget(uid: string): void {
    this.facts.delete(uid);
    this.silent.delete(uid);
    this.#failures.delete(uid);
  }

  async #observe(reference: ObjectReference): Promise<{ requeueAfterSeconds: number } | undefined> {
    const instance = this.#options.instances.get(reference);
    if (!instance) return undefined;
    const { uid, phase, leaving, address } = observeInstance(instance);
    const known = this.facts.get(uid);
    if (phase !== 'Running' || leaving || !address || known?.bootMilliseconds !== undefined) return undefined;
    const facts = await this.#ask(address);
    // What has gone in the meantime has been forgotten, and nobody would forget it again.
    if (this.#options.instances.get(reference)?.metadata.uid !== uid) return undefined;
    if (facts) {
      this.silent.delete(uid);
      this.facts.set(uid, facts);
      if (!known || facts.bootMilliseconds !== undefined) this.#options.onChange(reference);
      if (facts.bootMilliseconds !== undefined) {
        this.#failures.delete(uid);
        return undefined;
      }
    }
    // It is silent, or it answers while it boots.
    const failures = (this.#failures.get(uid) ?? 0) + 1;
    this.#failures.set(uid, failures);
    if (failures === silentAfterFailures && !this.facts.has(uid)) {
      this.silent.add(uid);
      this.#options.onChange(reference);
    }
    return { requeueAfterSeconds: Math.min(retrySeconds.max, retrySeconds.first * 2 ** (failures - 1)) };
  }

  async #ask(address: string): Promise<GuestFacts | undefined> {
    const { proxy, logger } = this.#options;
    const host = address.includes(':') ? `[${address}]` : address;
    // Each guest is asked a few times at most. A dispatcher that serves them all would keep a pool of some 20 KB for each, for ever.
    const dispatcher = proxy === undefined ? new Agent() : new ProxyAgent(proxy);
    try {
      const { statusCode, body } = await request(`http://${host}:${managementPort}/metrics`, {
        signal: AbortSignal.timeout(answerLimitMilliseconds),
        dispatcher,
      });
      if (statusCode !== 200) {
        await body.dump();
        return undefined;
      }
      const parts: Uint8Array[] = [];
      let bytes = 0;
      for await (const part of body as AsyncIterable<Uint8Array>) {
        bytes += part.length;
        if (bytes > expositionBytesMax) return undefined;
        parts.push(part);
      }
      return guestFacts(Buffer.concat(parts).toString('utf8'));
    } catch (error) {
      logger.debug({ address, error: String(error) }, 'A guest does not answer yet.');
      return undefined;
    } finally {
      await dispatcher.destroy();
    }
  }
}
