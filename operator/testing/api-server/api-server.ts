import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import { apiVersionOf, type Resource } from '../../kubernetes/resource.ts';
import { createCertificate, type ServerCertificate } from './certificate.ts';
import { Faults, type SeenRequest } from './faults.ts';
import { ObjectStore, Refusal, type ResourceStore, type StoredObject, type StoreEvent } from './store.ts';

let certificate: Promise<ServerCertificate> | undefined;

interface Route {
  resource: Resource;
  store: ResourceStore;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
}

/**
 * A small API server in this process, over HTTPS, for faults that a real one cannot be talked into: get, list in
 * pages, watch, create, server-side apply, merge patch and delete of any resource, without validation.
 *
 * ```ts
 * const server = await TestApiServer.start();
 * const client = createApiClient({ kubeconfig: server.kubeconfig, fieldManager: 'test', userAgent: 'test' });
 * server.faults.add({ kind: 'status', status: 429, retryAfterSeconds: 1 }, ({ method }) => method === 'GET');
 * await server.stop();
 * ```
 */
export class TestApiServer {
  readonly faults = new Faults();
  readonly requests: SeenRequest[] = [];
  /** Path of a kubeconfig with the bearer token {@link token}. */
  readonly kubeconfig: string;
  readonly folder: string;
  /** Requests with another one are refused. */
  token = 'secret';
  readonly url: string;
  readonly certificate: string;
  /** What it says it serves; it serves everything. */
  readonly served: Resource[] = [];
  /** Made so far. */
  connections = 0;
  readonly #server: Server;
  /** Objects as another client would write them. */
  readonly objects = new ObjectStore(() => Date.now());
  readonly #watches = new Set<{ response: ServerResponse; resource: Resource }>();

  private constructor(server: Server, folder: string, pem: string) {
    this.#server = server;
    this.folder = folder;
    this.certificate = pem;
    this.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.kubeconfig = join(folder, 'kubeconfig');
    server.on('secureConnection', () => {
      this.connections += 1;
    });
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<TestApiServer> {
    certificate ??= createCertificate();
    const { certificate: cert, key } = await certificate;
    const server = createServer({ cert, key });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const folder = await mkdtemp(join(tmpdir(), 'osv-api-server-'));
    const api = new TestApiServer(server, folder, cert);
    await writeFile(api.kubeconfig, api.kubeconfigWith({ token: api.token }));
    return api;
  }

  /** A kubeconfig whose user has these fields. */
  kubeconfigWith(user: object): string {
    return stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      clusters: [
        {
          name: 'test',
          cluster: {
            server: this.url,
            'certificate-authority-data': Buffer.from(this.certificate).toString('base64'),
          },
        },
      ],
      users: [{ name: 'test', user }],
    });
  }

  async stop(): Promise<void> {
    if (this.#server.listening) {
      this.#server.closeAllConnections();
      await new Promise((resolve) => this.#server.close(resolve));
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  store(resource: Resource): ResourceStore {
    return this.objects.for(resource);
  }

  create<T extends KubernetesObject>(resource: Resource<T>, object: T): T {
    const typed = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
    return this.store(resource as Resource).create(typed as unknown as StoredObject) as unknown as T;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Requests seen so far with this verb of HTTP whose path ends so. */
  count(method: string, pathEnd = '', query: (query: URLSearchParams) => boolean = () => true): number {
    return this.requests.filter(
      (request) => request.method === method && request.path.endsWith(pathEnd) && query(request.query),
    ).length;
  }

  /** Sends every watch a bookmark with the present version. */
  sendBookmarks(): void {
    for (const { response, resource } of this.#watches) {
      const object = {
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        metadata: { resourceVersion: String(this.objects.version) },
      };
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    }
  }

  /** Ends every watch: in order, in the middle of a line, or by a lost connection. */
  cutWatches(how: 'closed' | 'mid-line' | 'lost'): void {
    for (const { response } of this.#watches) {
      if (how === 'closed') response.end();
      else if (how === 'mid-line') response.end('{"type":"MODIFIED","object":{"metad');
      else response.socket?.destroy();
    }
    this.#watches.clear();
  }

  /** Writes a raw line into every watch. */
  writeToWatches(line: string): void {
    for (const { response } of this.#watches) response.write(`${line}\n`);
  }

  /** Forgets all history, so that a watch from before is told 410. */
  compact(): void {
    this.objects.compact();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { method = 'GET', headers } = request;
    const seen: SeenRequest = { method, path: url.pathname, query: url.searchParams, headers, body };
    this.requests.push(seen);
    const fault = this.faults.for(seen);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'reset') return void response.socket?.destroy();
    if (fault?.kind === 'slow') await fault.until;
    try {
      if (headers.authorization !== `Bearer ${this.token}`) throw new Refusal(401, 'Unauthorized', 'Unauthorized');
      if (fault?.kind === 'status') {
        const after = fault.retryAfterSeconds;
        if (after !== undefined) response.setHeader('retry-after', String(after));
        if (fault.text !== undefined) return void response.writeHead(fault.status).end(fault.text);
        throw new Refusal(fault.status, '', 'a fault of the test');
      }
      const route = this.#route(url.pathname);
      if (method === 'GET' && seen.query.get('watch') === 'true') return this.#watch(route, seen, response);
      const answer = this.#carryOut(route, seen);
      if (fault?.kind === 'drop-answer') return void response.socket?.destroy();
      response.writeHead(method === 'POST' ? 201 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'InternalError', String(error));
      response.writeHead(refusal.status, { 'content-type': 'application/json' }).end(JSON.stringify(statusOf(refusal)));
    }
  }

  #route(path: string): Route {
    const parts = path.split('/').slice(1).map(decodeURIComponent);
    const group = parts[0] === 'apis' ? (parts[1] ?? '') : '';
    const rest = parts.slice(group ? 2 : 1);
    const [version = '', ...tail] = rest;
    const namespaced = tail[0] === 'namespaces' && tail.length > 2;
    const [plural = '', name, subresource] = namespaced ? tail.slice(2) : tail;
    const resource: Resource = { group, version, plural, kind: '', namespaced };
    return { resource, store: this.store(resource), namespace: namespaced ? tail[1] : undefined, name, subresource };
  }

  #carryOut({ resource, store, namespace, name }: Route, { method, query, body, headers }: SeenRequest): object {
    if (!resource.plural) return this.#discovery(resource);
    const reference: ObjectReference = { ...(namespace && { namespace }), name: name ?? '' };
    const sent = body ? JSON.parse(body) : undefined;
    if (method === 'GET') return name ? store.get(reference) : this.#list(store, namespace, query);
    if (method === 'POST') return store.create(sent);
    if (method === 'DELETE') return store.delete(reference, sent?.preconditions);
    if (headers['content-type'] === 'application/apply-patch+yaml') {
      return store.apply(query.get('fieldManager') ?? '', sent, query.get('force') === 'true');
    }
    if (headers['content-type'] === 'application/merge-patch+json') return store.patch(reference, sent);
    throw new Refusal(415, 'UnsupportedMediaType', `${headers['content-type']} is not supported`);
  }

  #discovery({ group, version }: Resource): object {
    const resources = this.served.filter((one) => one.group === group && one.version === version);
    return { kind: 'APIResourceList', resources: resources.map(({ plural, kind }) => ({ name: plural, kind })) };
  }

  #list(store: ResourceStore, namespace: string | undefined, query: URLSearchParams): object {
    const [version = this.objects.version, offset = 0] = (query.get('continue') ?? '')
      .split('.')
      .filter(Boolean)
      .map(Number);
    if (version < store.oldestVersion) throw new Refusal(410, 'Expired', 'The provided continue parameter is too old');
    const limit = Number(query.get('limit') ?? 0) || Number.POSITIVE_INFINITY;
    const all = store.list(namespace, query.get('labelSelector') ?? undefined);
    const items = all.slice(offset, offset + limit).map(({ apiVersion: _, kind: __, ...item }) => item);
    const more = offset + limit < all.length;
    const metadata = { resourceVersion: String(version), ...(more && { continue: `${version}.${offset + limit}` }) };
    return { kind: 'List', apiVersion: 'v1', metadata, items };
  }

  #watch({ resource, store, namespace }: Route, { query }: SeenRequest, response: ServerResponse): void {
    const past = store.since(Number(query.get('resourceVersion') ?? 0));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const send = ({ type, object }: StoreEvent) => {
      if (response.writableEnded || (namespace && object.metadata.namespace !== namespace)) return;
      response.write(`${JSON.stringify({ type, object })}\n`);
    };
    for (const event of past) send(event);
    const watch = { response, resource };
    this.#watches.add(watch);
    const end = store.subscribe(send);
    response.on('close', () => {
      end();
      this.#watches.delete(watch);
    });
  }
}

function statusOf({ status, reason, message }: Refusal): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, ...(reason && { reason }), code: status };
}
