import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Backend } from './endpoints.ts';
import type { LoopbackOf } from './loopback.ts';
import type { ListenerOptions } from './tcp-listener.ts';

/** kube-proxy forgets a UDP session after as long without a packet. */
const idleMilliseconds = 180_000;
const sessionsMax = 1000;

interface Session {
  socket: Socket;
  backend: string;
  /** Of this machine. */
  host: string;
  port: number;
  timer: NodeJS.Timeout;
}

/** One UDP port of a Service: each client has a session with one endpoint. */
export class UdpListener {
  readonly #address: string;
  readonly #port: number;
  readonly #loopbackOf: LoopbackOf;
  readonly #onError: (error: Error) => void;
  /** Undefined after a failure, until the next update. */
  #socket: Socket | undefined;
  readonly #sessions = new Map<string, Session>();
  #backends: readonly Backend[] = [];
  #turn = 0;

  constructor(address: string, port: number, { loopbackOf, onError }: ListenerOptions) {
    this.#address = address;
    this.#port = port;
    this.#loopbackOf = loopbackOf;
    this.#onError = onError;
  }

  update(backends: readonly Backend[]): void {
    this.#backends = backends;
    const present = new Set(backends.map(({ address, port }) => `${address}:${port}`));
    for (const [client, { backend }] of this.#sessions) {
      if (!present.has(backend)) this.#end(client);
    }
    this.#listen();
  }

  close(): void {
    for (const client of [...this.#sessions.keys()]) this.#end(client);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #listen(): void {
    if (this.#socket) return;
    const socket = createSocket('udp4');
    socket.on('error', (error) => {
      if (this.#socket !== socket) return;
      socket.close();
      this.#socket = undefined;
      this.#onError(error);
    });
    socket.on('message', (message, client) => this.#forward(message, client));
    socket.bind({ address: this.#address, port: this.#port, exclusive: true });
    this.#socket = socket;
  }

  #forward(message: Buffer, client: RemoteInfo): void {
    const name = `${client.address}:${client.port}`;
    const session = this.#sessions.get(name) ?? this.#begin(name, client);
    session?.timer.refresh();
    session?.socket.send(message, session.port, session.host);
  }

  #begin(name: string, client: RemoteInfo): Session | undefined {
    const ready = this.#backends.filter((backend) => backend.ready);
    const backend = ready[this.#turn++ % ready.length];
    if (!backend || this.#sessions.size >= sessionsMax) return undefined;
    const socket = createSocket('udp4');
    socket.on('error', () => this.#end(name));
    socket.on('message', (answer) => this.#socket?.send(answer, client.port, client.address));
    const timer = setTimeout(() => this.#end(name), idleMilliseconds);
    const { address, port } = backend;
    const session = { socket, backend: `${address}:${port}`, host: this.#loopbackOf(address), port, timer };
    this.#sessions.set(name, session);
    return session;
  }

  #end(client: string): void {
    const session = this.#sessions.get(client);
    if (!session) return;
    this.#sessions.delete(client);
    clearTimeout(session.timer);
    session.socket.close();
  }
}
