import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { createAuthority } from '../../cluster/certificates/authority.ts';
import { kubeconfig } from '../../cluster/control-plane/users.ts';

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly at: Date;
}

/** What goes wrong with requests of one kind. */
export interface Fault {
  /** Which requests: asked with `METHOD URL`. A RegExp is one such. */
  readonly matches: { test(line: string): boolean };
  /** After so many requests the fault is over; without it when it is withdrawn. */
  readonly times?: number;
  /** Is said in place of the API server, which never hears of the request. */
  readonly answer?: { readonly status: number; readonly body?: object; readonly headers?: Record<string, string> };
  /** Before the request is passed on. */
  readonly delayMilliseconds?: number;
  /** Breaks the connection without an answer: before the API server hears of the request, or after it has answered. */
  readonly cut?: 'before' | 'after';
  /** Called before the API server hears of the request. */
  readonly whenAsked?: () => Promise<void> | void;
  /** Called when the API server has carried the request out and the client has not heard of it yet. */
  readonly whenDone?: () => Promise<void> | void;
}

/**
 * An HTTPS proxy between one client and the API server, which does to requests what networks and busy servers do to
 * them. Credentials pass through, so the client must have a token.
 */
export class FaultProxy {
  /** Path, for the client. */
  readonly kubeconfig: string;
  readonly requests: ProxiedRequest[] = [];
  readonly #server: ReturnType<typeof createServer>;
  readonly #upstream: { readonly url: URL; readonly agent: Agent };
  readonly #faults = new Map<Fault, number>();
  readonly #watches = new Set<ServerResponse>();

  private constructor(path: string, server: ReturnType<typeof createServer>, upstream: { url: URL; agent: Agent }) {
    this.kubeconfig = path;
    this.#server = server;
    this.#upstream = upstream;
    server.on('request', (incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  /** @param original path of the kubeconfig that leads to the API server itself */
  static async start(original: string): Promise<FaultProxy> {
    const { clusters, users } = parse(await readFile(original, 'utf8'));
    const { server: url, 'certificate-authority-data': trusted } = clusters[0].cluster;
    const authority = await createAuthority('fault-proxy authority');
    const { certificate, key } = await authority.issueServer({ commonName: 'fault-proxy', addresses: ['127.0.0.1'] });
    const server = createServer({ cert: certificate, key });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const own = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const path = `${original}.proxied`;
    await writeFile(path, kubeconfig(own, authority.certificate, users[0].name, { token: users[0].user.token }), {
      mode: 0o600,
    });
    const agent = new Agent({ ca: Buffer.from(trusted, 'base64'), keepAlive: true });
    return new FaultProxy(path, server, { url: new URL(url), agent });
  }

  /** @returns withdraws the fault */
  inject(fault: Fault): () => void {
    this.#faults.set(fault, fault.times ?? Number.POSITIVE_INFINITY);
    return () => this.#faults.delete(fault);
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Breaks every open watch, without a word. @returns how many there were */
  cutWatches(): number {
    const open = [...this.#watches];
    for (const watch of open) watch.destroy();
    return open.length;
  }

  /** Requests that change something, since a moment; its own lease and events are no part of what it manages. */
  writesSince(moment: Date): ProxiedRequest[] {
    return this.requests.filter(({ method, at }) => method !== 'GET' && at >= moment);
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#upstream.agent.destroy();
    await once(this.#server, 'close').catch(() => {});
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '' } = incoming;
    this.requests.push({ method, url, at: new Date() });
    const fault = this.#take(`${method} ${url}`);
    try {
      if (fault?.delayMilliseconds) await delay(fault.delayMilliseconds);
      await fault?.whenAsked?.();
      if (fault?.cut === 'before') return void outgoing.destroy();
      if (fault?.answer) return say(outgoing, fault.answer);
      const isWatch = new URL(url, this.#upstream.url).searchParams.has('watch');
      const answer = await this.#passOn(incoming);
      if (isWatch) return this.#stream(answer, outgoing);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      await fault?.whenDone?.();
      if (fault?.cut === 'after') return void outgoing.destroy();
      outgoing.writeHead(answer.statusCode ?? 502, withoutFraming(answer.headers)).end(Buffer.concat(chunks));
    } catch {
      // The API server is away: its clients find that the connection breaks.
      outgoing.destroy();
    }
  }

  #take(line: string): Fault | undefined {
    for (const [fault, left] of this.#faults) {
      if (!fault.matches.test(line)) continue;
      if (left <= 1) this.#faults.delete(fault);
      else this.#faults.set(fault, left - 1);
      return fault;
    }
    return undefined;
  }

  #passOn(incoming: IncomingMessage): Promise<IncomingMessage> {
    const { url, agent } = this.#upstream;
    return new Promise((resolve, reject) => {
      const options = { method: incoming.method ?? 'GET', headers: { ...incoming.headers, host: url.host }, agent };
      const sent = request(new URL(incoming.url ?? '/', url), options, resolve);
      sent.on('error', reject);
      incoming.on('error', reject);
      incoming.pipe(sent);
    });
  }

  #stream(answer: IncomingMessage, outgoing: ServerResponse): void {
    this.#watches.add(outgoing);
    outgoing.writeHead(answer.statusCode ?? 502, withoutFraming(answer.headers));
    outgoing.flushHeaders();
    answer.on('error', () => outgoing.destroy());
    outgoing.on('close', () => {
      this.#watches.delete(outgoing);
      answer.destroy();
    });
    answer.pipe(outgoing);
  }
}

/** Headers of an answer without those that speak of one connection (RFC 9110, section 7.6.1). */
function withoutFraming(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { 'transfer-encoding': _, connection: __, 'content-length': ___, ...rest } = headers;
  return rest;
}

function say(outgoing: ServerResponse, { status, body, headers }: NonNullable<Fault['answer']>): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
  outgoing.end(body === undefined ? '' : `${JSON.stringify(body)}\n`);
}

/** What an API server says to a watch whose place it has forgotten. */
export const expired: NonNullable<Fault['answer']> = {
  status: 200,
  body: {
    type: 'ERROR',
    object: {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'Expired',
      code: 410,
      message: 'too old resource version',
    },
  },
};
