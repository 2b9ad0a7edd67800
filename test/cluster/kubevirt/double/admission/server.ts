import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import {
  mutateInstance,
  mutateMachine,
  validateChangedInstance,
  validateMachine,
  validateNewInstance,
  validateReplicaSet,
} from './admitters.ts';
import { type Admitter, type ReviewRequest, responseTo } from './review.ts';

/** By path, as virt-api has them. */
export const admitters: Readonly<Record<string, Admitter>> = {
  '/virtualmachineinstances-mutate': mutateInstance,
  '/virtualmachineinstances-validate-create': validateNewInstance,
  '/virtualmachineinstances-validate-update': validateChangedInstance,
  '/virtualmachinereplicaset-validate': validateReplicaSet,
  '/virtualmachines-mutate': mutateMachine,
  '/virtualmachines-validate': validateMachine,
};

/** The API server sends old and new object, of at most 1.5 MiB each in etcd. */
const bodyBytesMax = 8 * 1024 * 1024;

/** Serves the admission webhooks, and `/healthz`. */
export function admissionServer(certificate: { cert: string; key: string }): Server {
  return createServer(certificate, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'https://virt-api');
  if (pathname === '/healthz') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
    return;
  }
  const admitter = admitters[pathname];
  if (!admitter || request.method !== 'POST') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end(`Nothing is served at ${pathname}.`);
    return;
  }
  const review = JSON.parse(await bodyOf(request)) as { request: ReviewRequest };
  const answered = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: responseTo(review.request, admitter),
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answered));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new Error(`The request has more than ${bodyBytesMax} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
