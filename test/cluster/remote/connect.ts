import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Certificate, Subject } from '../certificates/authority.ts';
import type { Cluster } from '../cluster.ts';
import { clusterAccess } from '../cluster-access.ts';
import { ClusterError, type ClusterErrorCode } from '../error.ts';
import type { ManagedProcess } from '../processes/managed-process.ts';
import { prometheusAccess } from '../prometheus/prometheus.ts';
import {
  controlSocketPath,
  type Description,
  type Failure,
  type ProcessAction,
  type ProcessRequest,
} from './protocol.ts';

/**
 * The cluster in `folder`, which another process of this user has started and owns: a test's global set-up, or
 * `npm run cluster`.
 *
 * @throws ClusterError `request-failed` if it is not there
 */
export async function connectToCluster(folder: string): Promise<Cluster> {
  const description = await ask<Description>(folder, 'GET', '/');
  const access = clusterAccess({
    ...description,
    authority: {
      certificate: await readFile(join(folder, 'pki', 'ca.crt'), 'utf8'),
      issueClient: (subject: Subject) => ask<Certificate>(folder, 'POST', '/certificates', subject),
    },
  });
  const processes = Object.entries(description.processes).map(
    ([name, { logPath }]) => [name, remoteProcess(folder, name, logPath)] as const,
  );
  const { prometheusUrl, ...plain } = description;
  return {
    ...plain,
    ...access,
    ...(prometheusUrl === undefined ? {} : { prometheus: prometheusAccess(folder, prometheusUrl) }),
    processes: Object.fromEntries(processes),
    stop: () => access.client.close(),
  };
}

function remoteProcess(folder: string, name: string, logPath: string): ManagedProcess {
  const act = (action: ProcessAction, signal?: NodeJS.Signals) => {
    const body: ProcessRequest = signal === undefined ? {} : { signal };
    return ask<void>(folder, 'POST', `/processes/${encodeURIComponent(name)}/${action}`, body);
  };
  return {
    name,
    logPath,
    get pid() {
      try {
        return Number(readFileSync(join(folder, 'pids', name), 'utf8'));
      } catch {
        return undefined;
      }
    },
    start: () => act('start'),
    stop: (signal) => act('stop', signal),
    restart: (signal) => act('restart', signal),
    signal: (signal) => act('signal', signal),
  };
}

function ask<Result>(folder: string, method: string, path: string, body?: unknown): Promise<Result> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: controlSocketPath(folder), method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        const answer = JSON.parse(text) as Result & Failure;
        if (response.statusCode === 200) resolve(answer);
        else reject(new ClusterError((answer.code ?? 'request-failed') as ClusterErrorCode, answer.message));
      });
    });
    sent.once('error', (cause) =>
      reject(new ClusterError('request-failed', `no cluster answers in ${folder}: ${cause.message}`, { cause })),
    );
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
