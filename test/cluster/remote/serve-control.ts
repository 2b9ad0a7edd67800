import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Subject } from '../certificates/authority.ts';
import type { OwnedCluster } from '../cluster.ts';
import { ClusterError } from '../error.ts';
import {
  controlSocketPath,
  type Description,
  type Failure,
  type ProcessAction,
  type ProcessRequest,
  processActions,
} from './protocol.ts';

const bodyBytesMax = 64 * 1024;

/**
 * Lets other processes of this user end and start the cluster's processes, until the cluster stops: test files run in
 * processes of their own, and only the one that started a program can start it again.
 */
export async function serveControl(cluster: OwnedCluster): Promise<void> {
  const server = createServer((message, response) => {
    answer(cluster, message).then(
      (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? null)),
      (error: Error & { code?: string }) => {
        const failure: Failure = { message: error.message, ...(error.code === undefined ? {} : { code: error.code }) };
        response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(failure));
      },
    );
  });
  server.listen({ path: controlSocketPath(cluster.folder) });
  await once(server, 'listening');
  server.unref();
  cluster.onStop(async () => {
    server.closeAllConnections();
    server.close();
  });
}

async function answer(cluster: OwnedCluster, message: IncomingMessage): Promise<unknown> {
  const [, collection, name = '', action] = (message.url ?? '').split('/').map(decodeURIComponent);
  if (message.method === 'GET' && collection === '') return describe(cluster);
  if (message.method === 'POST' && collection === 'certificates') {
    return cluster.certificates.authority.issueClient((await readBody(message)) as Subject);
  }
  const process = cluster.processes[name];
  if (message.method === 'POST' && collection === 'processes' && process && isAction(action)) {
    const { signal } = (await readBody(message)) as ProcessRequest;
    if (action === 'signal') await process.signal(signal ?? 'SIGTERM');
    else if (action === 'start') await process.start();
    else await process[action](signal);
    return null;
  }
  throw new ClusterError('unsupported', `the cluster does not know ${message.method} ${message.url}`);
}

function isAction(word: string | undefined): word is ProcessAction {
  return processActions.some((action) => action === word);
}

function describe(cluster: OwnedCluster): Description {
  const { folder, server, kubeconfig, tools, registry, auditLog, proxy, nodeControl, processes } = cluster;
  const { serviceRange, kubernetesService, podRange, podLoopbackPrefix } = cluster.addresses;
  const entries = Object.entries(processes).map(([name, { logPath }]) => [name, { logPath }]);
  return {
    folder,
    server,
    kubeconfig,
    tools,
    registry,
    auditLog,
    addresses: { serviceRange, kubernetesService, podRange, podLoopbackPrefix },
    ...(cluster.prometheus ? { prometheusUrl: cluster.prometheus.url } : {}),
    ...(proxy === undefined ? {} : { proxy }),
    ...(nodeControl === undefined ? {} : { nodeControl }),
    processes: Object.fromEntries(entries),
  };
}

async function readBody(message: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) {
    text += chunk;
    if (text.length > bodyBytesMax) throw new ClusterError('request-failed', 'the request is too long');
  }
  return text === '' ? {} : JSON.parse(text);
}
