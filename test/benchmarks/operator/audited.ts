import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** One answered request; audit.k8s.io/v1 Event, times in milliseconds since 1970. */
export interface AuditedRequest {
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly receivedAt: number;
  readonly answeredAt: number;
}

interface AuditLine {
  verb: string;
  user: { username: string };
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  stage: string;
}

/** Reads an audit log from a moment on, a line at a time: after thousands of apps it is too long for one string. */
export async function* auditedRequests(path: string, since: number): AsyncGenerator<AuditedRequest> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const event = parsed(line);
    if (!event) continue;
    const answeredAt = milliseconds(event.stageTimestamp);
    if (answeredAt < since) continue;
    yield {
      user: event.user.username,
      verb: event.verb,
      resource: event.objectRef?.resource ?? '',
      subresource: event.objectRef?.subresource ?? '',
      namespace: event.objectRef?.namespace ?? '',
      name: event.objectRef?.name ?? '',
      receivedAt: milliseconds(event.requestReceivedTimestamp),
      answeredAt,
    };
  }
}

/** The last line may be half written. */
function parsed(line: string): AuditLine | undefined {
  try {
    return JSON.parse(line) as AuditLine;
  } catch {
    return undefined;
  }
}

/** RFC 3339 with microseconds, of which Date keeps three digits. */
function milliseconds(timestamp: string): number {
  const microseconds = /\.\d{3}(\d{3})/.exec(timestamp)?.[1] ?? '0';
  return Date.parse(timestamp) + Number(microseconds) / 1000;
}

const writes = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** Whether it changes something other than a lease, which a leader renews every two seconds whatever happens. */
export function isWrite({ verb, resource }: AuditedRequest): boolean {
  return writes.has(verb) && resource !== 'leases';
}
