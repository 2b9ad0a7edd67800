import { connect, createServer, type Socket } from 'node:net';
import { join } from './join.ts';

/** A TCP port, or a socket in the file system, which processes of other network name spaces reach too. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

export interface Forwarding {
  close(): void;
}

/** Connections at once; what is more is refused. */
const sessionsMax = 4096;

/** Takes connections at one end and passes them on to another, until it is closed. @throws Error of listen(2) */
export async function forward(from: Endpoint, to: Endpoint): Promise<Forwarding> {
  const sessions = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    sessions.add(client);
    client.on('close', () => sessions.delete(client));
    join(client, connect({ ...to, allowHalfOpen: true, noDelay: true }));
  });
  server.maxConnections = sessionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...from, exclusive: true }, resolve);
  });
  return {
    close() {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}
