import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NodeAgent } from '../agent.ts';
import { messageOf, NodeAgentError } from '../error.ts';

export interface ControlServer {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  close(): Promise<void>;
}

type Handler = (agent: NodeAgent, words: string[], body: Record<string, unknown>) => unknown;

/** METHOD and path, `*` for one part of it. */
const routes: [method: string, path: string, handler: Handler][] = [
  ['GET', '/guests', (agent) => agent.guests()],
  ['POST', '/guests/*/*/crash', (agent, [namespace = '', name = '']) => agent.crashGuest({ namespace, name })],
  ['POST', '/nodes/*/lose', (agent, [name = '']) => agent.loseNode(name)],
  ['POST', '/nodes/*/recover', (agent, [name = '']) => agent.recoverNode(name)],
  ['GET', '/faults', (agent) => agent.faults],
  ['POST', '/faults', (agent, _, body) => Object.assign(agent.faults, faultsOf(body))],
  ['DELETE', '/faults', (agent) => agent.faults.clear()],
];

const bodyBytesMax = 64 * 1024;

/** The agent's fault switches over HTTP with JSON, for tests in another process. */
export async function startControlServer(agent: NodeAgent, port = 0): Promise<ControlServer> {
  const server = createServer((incoming, answer) => void serve(agent, incoming, answer));
  const chosen = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => resolve((server.address() as AddressInfo).port));
  });
  return {
    url: `http://127.0.0.1:${chosen}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function serve(agent: NodeAgent, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const say = (status: number, value: unknown) => {
    answer.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(value ?? {})}\n`);
  };
  try {
    for (const [method, pattern, handler] of routes) {
      const words = matchPath(pattern, incoming.url ?? '');
      if (method !== incoming.method || !words) continue;
      return say(200, await handler(agent, words, await bodyOf(incoming)));
    }
    say(404, { error: `no such path; there are ${routes.map(([method, path]) => `${method} ${path}`).join(', ')}` });
  } catch (error) {
    say(error instanceof NodeAgentError && error.code === 'not-found' ? 404 : 400, { error: messageOf(error) });
  }
}

function matchPath(pattern: string, url: string): string[] | undefined {
  const [wanted, given] = [pattern.split('/'), url.split('/')];
  if (wanted.length !== given.length) return undefined;
  const words: string[] = [];
  for (const [index, part] of wanted.entries()) {
    if (part === '*') words.push(decodeURIComponent(given[index] ?? ''));
    else if (part !== given[index]) return undefined;
  }
  return words;
}

function faultsOf(body: Record<string, unknown>): Record<string, unknown> {
  const known: Record<string, string> = {
    podDelayMilliseconds: 'number',
    bootDelayMilliseconds: 'number',
    stopDelayMilliseconds: 'number',
    pullsFail: 'string',
  };
  for (const [name, value] of Object.entries(body)) {
    if (!(name in known)) throw new NodeAgentError('invalid-argument', `There is no fault ${name}.`);
    if (value !== null && typeof value !== known[name]) {
      throw new NodeAgentError('invalid-argument', `The fault ${name} is a ${known[name]}, or null for none.`);
    }
  }
  const none = (name: string) => (known[name] === 'number' ? 0 : undefined);
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, value ?? none(name)]));
}

async function bodyOf(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new NodeAgentError('invalid-argument', 'The request is too large.');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : JSON.parse(text);
}
