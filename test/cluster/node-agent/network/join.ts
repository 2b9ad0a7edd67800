import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** Bytes both ways; each side's end is passed on by itself, and an error of one side resets the other. */
export function join(client: Socket, server: Socket): void {
  const fail = (other: Socket) => (error: Error | null | undefined) => {
    if (error && !other.destroyed) reset(other);
  };
  pipeline(client, server, fail(client));
  pipeline(server, client, fail(server));
}

/** A socket in the file system knows no reset. */
function reset(socket: Socket): void {
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
