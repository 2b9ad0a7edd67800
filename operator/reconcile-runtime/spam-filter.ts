import type { Clock } from '../clock.ts';

/** Events about one object: so many at once, then one in so long; client-go's EventSourceObjectSpamFilter. */
const burst = 25;
const refillMilliseconds = 5 * 60 * 1000;
/** Different messages of one reason: the next one stands for all that follow; client-go's EventAggregator. */
const similarMax = 10;
const similarMilliseconds = 10 * 60 * 1000;
const rememberedMax = 4096;

/**
 * Keeps an object in trouble from flooding the API server with events.
 *
 * ```ts
 * if (filter.allows(uid)) write(filter.combine(`${uid} BuildFailed`, message));
 * ```
 */
export class SpamFilter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  readonly #similar = new Map<string, { messages: Set<string>; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether one more event about this object may be written; counts it. */
  allows(object: string): boolean {
    const now = this.#clock.monotonic();
    const old = this.#buckets.get(object);
    const tokens = old ? Math.min(burst, old.tokens + (now - old.at) / refillMilliseconds) : burst;
    const allowed = tokens >= 1;
    remember(this.#buckets, object, { tokens: allowed ? tokens - 1 : tokens, at: now });
    return allowed;
  }

  /** The message, or one that stands for many different ones of this kind. */
  combine(kind: string, message: string): string {
    const now = this.#clock.monotonic();
    const old = this.#similar.get(kind);
    const messages = old && now - old.at < similarMilliseconds ? old.messages : new Set<string>();
    if (messages.has(message)) return message;
    if (messages.size < similarMax) {
      messages.add(message);
      remember(this.#similar, kind, { messages, at: now });
      return message;
    }
    return `(combined from similar events): ${[...messages][0]}`;
  }
}

/** Keeps the entries used last. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= rememberedMax) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}
