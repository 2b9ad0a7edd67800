import { readFile } from 'node:fs/promises';
import type { Cluster } from '../../cluster/cluster.ts';

/** One answered request, as far as tests look into it; audit.k8s.io/v1 Event. */
export interface AuditedRequest {
  readonly verb: string;
  readonly user: { readonly username?: string };
  readonly requestURI: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
  readonly stageTimestamp: string;
}

/** What a user has asked the API server since a moment. */
export async function requestsOf(cluster: Cluster, username: string, since: Date): Promise<AuditedRequest[]> {
  const lines = (await readFile(cluster.auditLog, 'utf8')).split('\n').slice(0, -1);
  return lines
    .filter((line) => line.includes(username))
    .map((line) => JSON.parse(line) as AuditedRequest)
    .filter((request) => request.user.username === username && new Date(request.stageTimestamp) >= since);
}
