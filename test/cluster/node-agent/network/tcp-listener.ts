import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Backend } from './endpoints.ts';
import { join } from './join.ts';
import type { LoopbackOf } from './loopback.ts';

/** Sessions at once on one port of a Service; what is more is refused. */
const sessionsMax = 20_000;
const connectLimitMilliseconds = 10_000;

export interface ListenerOptions {
  loopbackOf: LoopbackOf;
  onError: (error: Error) => void;
}

/**
 * One TCP port of a Service. It listens only while there is somebody to connect to, so that a Service without ready
 * endpoints refuses connections; a session ends when its endpoint is gone.
 */
export class TcpListener {
  readonly #address: string;
  readonly #port: number;
  readonly #options: ListenerOptions;
  readonly #sessions = new Map<Socket, string>();
  #server: Server | undefined;
  #backends: readonly Backend[] = [];
  #turn = 0;

  constructor(address: string, port: number, options: ListenerOptions) {
    this.#address = address;
    this.#port = port;
    this.#options = options;
  }

  update(backends: readonly Backend[]): void {
    this.#backends = backends;
    const present = new Set(backends.map(nameOf));
    for (const [session, backend] of this.#sessions) {
      if (!present.has(backend)) session.destroy();
    }
    if (backends.length === 0) this.#unlisten();
    else this.#listen();
  }

  close(): void {
    this.#unlisten();
    for (const session of this.#sessions.keys()) session.destroy();
  }

  #listen(): void {
    if (this.#server) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#connect(client));
    server.maxConnections = sessionsMax;
    server.on('error', (error) => {
      if (this.#server === server) this.#server = undefined;
      this.#options.onError(error);
    });
    server.listen({ host: this.#address, port: this.#port, exclusive: true });
    this.#server = server;
  }

  #unlisten(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #connect(client: Socket): void {
    const ready = this.#backends.filter((backend) => backend.ready);
    const backend = ready[this.#turn++ % ready.length];
    if (!backend) {
      client.resetAndDestroy();
      return;
    }
    const host = this.#options.loopbackOf(backend.address);
    const server = connect({ host, port: backend.port, allowHalfOpen: true, noDelay: true });
    server.setTimeout(connectLimitMilliseconds, () => server.connecting && server.destroy());
    this.#sessions.set(client, nameOf(backend));
    client.on('close', () => this.#sessions.delete(client));
    join(client, server);
  }
}

function nameOf({ address, port }: Backend): string {
  return `${address}:${port}`;
}
