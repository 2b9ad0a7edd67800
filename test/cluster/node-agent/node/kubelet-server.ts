import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectReference } from '@osv/operator/kubernetes';
import { kubeletCertificate } from './kubelet-certificate.ts';
import { hostAddress } from './node-object.ts';

/** The log of a container, and whether more may come. */
export interface ContainerLog {
  path: string;
  isOpen: () => boolean;
}

export type FindLog = (pod: ObjectReference, container: string) => ContainerLog | undefined;

export interface KubeletServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface KubeletServerOptions {
  findLog: FindLog;
  /** PEM files; without them the server signs its own certificate. */
  certificate: { certificate: string; key: string } | undefined;
}

const followMilliseconds = 100;
const chunkBytes = 64 * 1024;
/** Lines are looked for in the last part of a log. */
const tailBytesMax = 4 * 1024 * 1024;

/**
 * The part of a kubelet's HTTPS server that `kubectl logs` needs: GET /containerLogs/NAMESPACE/POD/CONTAINER. It listens
 * on loopback, and asks nobody who he is.
 */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const { certificate, findLog } = options;
  const credentials = certificate ? await readCredentials(certificate) : await kubeletCertificate();
  const server = createServer(credentials, (incoming, answer) => {
    serve(incoming, answer, findLog).catch((error) => answer.destroy(error));
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: hostAddress, port: 0 }, () => resolve((server.address() as AddressInfo).port));
  });
  return { port, close: () => closeServer(server) };
}

async function readCredentials(files: { certificate: string; key: string }): Promise<{ cert: Buffer; key: Buffer }> {
  return { cert: await readFile(files.certificate), key: await readFile(files.key) };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function serve(incoming: IncomingMessage, answer: ServerResponse, findLog: FindLog): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'https://kubelet');
  const [, what, namespace = '', name = '', container = ''] = url.pathname.split('/').map(decodeURIComponent);
  if (what === 'healthz') {
    answer.end('ok');
    return;
  }
  const log = what === 'containerLogs' ? findLog({ namespace, name }, container) : undefined;
  if (!log) {
    answer.writeHead(404, { 'content-type': 'text/plain' });
    answer.end(what === 'containerLogs' ? `no log of ${container} in ${namespace}/${name}\n` : 'not found\n');
    return;
  }
  if (url.searchParams.get('previous') === 'true') {
    answer.writeHead(400, { 'content-type': 'text/plain' });
    answer.end(`the node agent keeps the log of the last run of ${container} in ${namespace}/${name} only\n`);
    return;
  }
  answer.writeHead(200, { 'content-type': 'text/plain' });
  answer.flushHeaders();
  const file = await open(log.path).catch(() => undefined);
  if (!file) {
    answer.end();
    return;
  }
  try {
    await send(file, answer, log, {
      follow: url.searchParams.get('follow') === 'true',
      tailLines: numberOf(url.searchParams.get('tailLines')),
      limitBytes: numberOf(url.searchParams.get('limitBytes')),
    });
  } finally {
    await file.close();
  }
  answer.end();
}

interface LogRequest {
  follow: boolean;
  tailLines: number | undefined;
  limitBytes: number | undefined;
}

async function send(file: FileHandle, answer: ServerResponse, log: ContainerLog, request: LogRequest): Promise<void> {
  let position = request.tailLines === undefined ? 0 : await startOfTail(file, request.tailLines);
  let left = request.limitBytes ?? Number.POSITIVE_INFINITY;
  for (;;) {
    const wasOpen = log.isOpen();
    const size = Math.min(chunkBytes, left);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, position);
    if (bytesRead > 0) {
      position += bytesRead;
      left -= bytesRead;
      if (!answer.write(buffer.subarray(0, bytesRead))) await drained(answer);
    } else if (!request.follow || !wasOpen) return;
    else await delay(followMilliseconds);
    if (left <= 0 || answer.destroyed) return;
  }
}

async function startOfTail(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  const from = Math.max(0, size - tailBytesMax);
  const tail = Buffer.alloc(size - from);
  await file.read(tail, 0, tail.length, from);
  if (lines === 0) return size;
  let left = lines;
  for (let at = tail.length - 2; at >= 0; at--) {
    if (tail[at] === 0x0a && --left === 0) return from + at + 1;
  }
  return from;
}

/** Resolves when more may be written, or nobody listens any more. */
function drained(answer: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      answer.off('drain', done).off('close', done);
      resolve();
    };
    answer.on('drain', done).on('close', done);
  });
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}
