import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';

/** What is sent on each connection; much more than what systems keep of it on the way. */
export const bytes = 20_000_000;

/** Reads, but rests again and again for a moment, and answers each connection when it has all that is sent. */
export async function slowReader(port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let [read, chunks] = [0, 0];
    socket.on('data', (chunk) => {
      read += chunk.length;
      if (read === bytes) socket.end(`${read}\n`);
      if (chunks++ % 16 !== 0) return;
      socket.pause();
      setTimeout(() => socket.resume(), 2);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Sends on some connections at once and waits for the answers. @returns one after the other */
export async function send(host: string, port: number, connections: number): Promise<string> {
  const answers = Array.from({ length: connections }, async () => {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    socket.write(Buffer.alloc(bytes));
    return text(socket);
  });
  return (await Promise.all(answers)).join('');
}
