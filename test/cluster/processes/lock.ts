import { connect, createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A name that one process at a time holds; it is free again when that process ends, however it ends. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes a lock if nobody holds it. It is a socket in the kernel's abstract name space (unix(7)): no file, nothing to
 * clean up, seen by all processes of the network name space, as ports are.
 */
export function tryLock(name: string): Promise<Lock | undefined> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer((socket) => socket.on('error', () => {}));
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ path: abstractPath(name) }, () => {
      const waiting = new Set<{ destroy(): void }>();
      server.on('connection', (socket) => {
        waiting.add(socket);
        socket.once('close', () => waiting.delete(socket));
        socket.unref();
      });
      server.unref();
      resolve({
        release: () =>
          new Promise((released) => {
            server.close(() => released());
            for (const socket of waiting) socket.destroy();
          }),
      });
    });
  });
}

/** Waits for the lock; `onWait` is called once if somebody holds it. */
export async function lock(name: string, onWait?: () => void): Promise<Lock> {
  for (let told = false; ; ) {
    const taken = await tryLock(name);
    if (taken) return taken;
    if (!told) onWait?.();
    told = true;
    await holderGone(name);
  }
}

/** Resolves when the connection to the holder breaks, which is when the lock is released. */
function holderGone(name: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ path: abstractPath(name) });
    socket.once('error', () => {});
    // A short pause, so that a holder whose queue of connections is full is not asked without a break.
    socket.once('close', () => void delay(20).then(resolve));
    socket.resume();
  });
}

function abstractPath(name: string): string {
  return `\0osv-test-cluster/${name}`;
}
