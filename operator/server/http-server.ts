import { createServer, type Server } from 'node:http';
import express, { type Express } from 'express';
import type { Registry } from 'prom-client';

/** What the kubelet asks. */
export interface Health {
  /** The process can go on; false makes the kubelet start it anew. */
  readonly live: () => boolean;
  /** It serves: its caches are filled. A replica that waits for the lease is ready too. */
  readonly ready: () => boolean;
}

export function healthApplication({ live, ready }: Health): Express {
  const application = bare();
  application.get(
    '/healthz',
    (_, response) =>
      void response
        .status(live() ? 200 : 500)
        .type('text')
        .send(word(live())),
  );
  application.get(
    '/readyz',
    (_, response) =>
      void response
        .status(ready() ? 200 : 503)
        .type('text')
        .send(word(ready())),
  );
  return application;
}

export function metricsApplication(registry: Registry): Express {
  const application = bare();
  application.get('/metrics', async (_, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  return application;
}

function bare(): Express {
  return express().disable('x-powered-by').disable('etag');
}

function word(good: boolean): string {
  return good ? 'ok\n' : 'not ok\n';
}

/** Seconds in which a request must have come in full; probes and scrapes are small. */
const requestSecondsMax = 10;

/**
 * Listens until the signal is aborted.
 *
 * @param host undefined: every address, of IPv4 alone where the machine has no IPv6
 * @throws Error when the port is taken
 */
export async function listen(
  application: Express,
  port: number,
  host: string | undefined,
  signal: AbortSignal,
): Promise<Server> {
  const server = createServer(
    { requestTimeout: requestSecondsMax * 1000, headersTimeout: requestSecondsMax * 1000 },
    application,
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  signal.addEventListener('abort', () => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}
