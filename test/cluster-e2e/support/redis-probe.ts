import { connect } from 'node:net';

export interface ProbeCount {
  answered: number;
  /** By what went wrong. */
  failures: Record<string, number>;
}

/**
 * Asks PING on a new connection again and again from several sides until it is told to stop: what users of a Service see
 * while its instances change.
 */
export function probeRedis(host: string, port: number, signal: AbortSignal, sides = 4): Promise<ProbeCount> {
  const count: ProbeCount = { answered: 0, failures: {} };
  const side = async () => {
    while (!signal.aborted) {
      const failure = await ask(host, port);
      if (failure === undefined) count.answered += 1;
      else count.failures[failure] = (count.failures[failure] ?? 0) + 1;
    }
  };
  return Promise.all(Array.from({ length: sides }, side)).then(() => count);
}

function ask(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (failure: string | undefined) => {
      socket.destroy();
      resolve(failure);
    };
    socket.setTimeout(20_000, () => done('no answer'));
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    socket.on('close', () => done('closed'));
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', (data) => done(data.toString() === '+PONG\r\n' ? undefined : 'wrong answer'));
  });
}
