import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from './join.ts';
import type { LoopbackOf } from './loopback.ts';

/** Turns a host of the cluster into one of this machine. */
export type ResolveHost = (host: string) => string;

export interface HttpProxy {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  close(): Promise<void>;
}

export interface HttpProxyOptions {
  /** 0: any. */
  port?: number;
  /** A socket with a path, for the API server; beside the port. */
  socketPath?: string | undefined;
  loopbackOf: LoopbackOf;
  /** Clusters' names of Services, such as redis.shop.svc. */
  clusterAddress?: (host: string) => string | undefined;
}

const connectLimitMilliseconds = 10_000;

/**
 * An HTTP proxy (RFC 9110, section 7.3.2; CONNECT: section 9.3.6) behind which the cluster's network lies: addresses of
 * pods and names of Services are reached where they are on this machine, everything else as it is.
 */
export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxy> {
  const resolveHost: ResolveHost = (host) => options.loopbackOf(options.clusterAddress?.(host) ?? host);
  const servers = [makeServer(resolveHost)];
  const port = await listening(servers[0] as Server, { host: '127.0.0.1', port: options.port ?? 0 });
  if (options.socketPath !== undefined) {
    const server = makeServer(resolveHost);
    servers.push(server);
    // Left behind by an agent that was killed; two agents on one path would be a mistake of their starter.
    await rm(options.socketPath, { force: true });
    await listening(server, { path: options.socketPath });
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      await Promise.all(
        servers.map((server) => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
    },
  };
}

function makeServer(resolveHost: ResolveHost): Server {
  const tunnels = new Set<Socket>();
  const server = createServer((incoming, answer) => forward(incoming, answer, resolveHost));
  server.on('connect', (incoming: IncomingMessage, client: Socket, head: Buffer) => {
    tunnels.add(client);
    client.on('close', () => tunnels.delete(client));
    tunnel(incoming.url ?? '', client, head, resolveHost);
  });
  // The server's own count ends where a tunnel begins.
  const closeAll = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    closeAll();
    for (const client of tunnels) client.destroy();
  };
  return server;
}

function listening(server: Server, where: { host: string; port: number } | { path: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      const address = server.address() as AddressInfo | string;
      resolve(typeof address === 'string' ? 0 : address.port);
    });
  });
}

/** Fields that are about one connection and not the message (RFC 9110, section 7.6.1). */
const hopByHop = ['connection', 'proxy-connection', 'keep-alive', 'proxy-authorization', 'te', 'trailer', 'upgrade'];

function forward(incoming: IncomingMessage, answer: ServerResponse, resolveHost: ResolveHost): void {
  const url = URL.parse(incoming.url ?? '');
  if (url?.protocol !== 'http:') {
    answer.writeHead(400, { 'content-type': 'text/plain' }).end('This is a proxy: it wants http://HOST/PATH.\n');
    return;
  }
  const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !hopByHop.includes(name)));
  const outgoing = request(
    {
      host: resolveHost(url.hostname),
      port: url.port || 80,
      method: incoming.method ?? 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, host: url.host },
    },
    (response) => {
      const kept = Object.entries(response.headers).filter(([name]) => !hopByHop.includes(name));
      answer.writeHead(response.statusCode ?? 502, Object.fromEntries(kept) as Record<string, string>);
      response.pipe(answer);
      response.on('error', () => answer.destroy());
    },
  );
  outgoing.on('error', (error) => {
    if (answer.headersSent) answer.destroy();
    else
      answer.writeHead(502, { 'content-type': 'text/plain' }).end(`${url.host} cannot be reached: ${error.message}\n`);
  });
  answer.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function tunnel(target: string, client: Socket, head: Buffer, resolveHost: ResolveHost): void {
  client.on('error', () => client.destroy());
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(target);
  if (!match?.[1]) {
    client.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    return;
  }
  const server = connect({ host: resolveHost(match[1]), port: Number(match[2]), allowHalfOpen: true });
  server.setTimeout(connectLimitMilliseconds, () => server.connecting && server.destroy(new Error('no answer')));
  // A client that goes before there is a connection leaves nobody to join.
  const leave = () => server.destroy();
  client.once('close', leave);
  const refuse = () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  server.once('error', refuse);
  server.once('connect', () => {
    client.off('close', leave);
    server.off('error', refuse);
    server.setTimeout(0);
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) server.write(head);
    join(client, server);
  });
}
