/** A request as faults and tests see it. */
export interface SeenRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export type Fault =
  /** Answers with this status instead of carrying the request out. */
  | { kind: 'status'; status: number; retryAfterSeconds?: number; text?: string }
  /** Carries it out, and drops the connection in the place of an answer. */
  | { kind: 'drop-answer' }
  /** Drops the connection before anything is done. */
  | { kind: 'reset' }
  /** Answers when `until` resolves. */
  | { kind: 'slow'; until: Promise<void> }
  /** Never answers. */
  | { kind: 'hang' };

/** Faults that wait for the requests that they are meant for. */
export class Faults {
  readonly #rules: { matches: (request: SeenRequest) => boolean; fault: Fault; times: number }[] = [];

  /** The next `times` requests that match meet this fault. */
  add(fault: Fault, matches: (request: SeenRequest) => boolean = () => true, times = 1): void {
    this.#rules.push({ matches, fault, times });
  }

  clear(): void {
    this.#rules.length = 0;
  }

  for(request: SeenRequest): Fault | undefined {
    const rule = this.#rules.find(({ times, matches }) => times > 0 && matches(request));
    if (rule) rule.times -= 1;
    return rule?.fault;
  }
}
