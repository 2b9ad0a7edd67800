import { join } from 'node:path';
import type { Cluster } from '../cluster.ts';

/** Where the owner of a cluster listens for other processes of the same user. HTTP; the folder is its owner's alone. */
export function controlSocketPath(folder: string): string {
  return join(folder, 'control.sock');
}

/** Answer to `GET /`: what of a cluster is plain data. */
export type Description = Pick<
  Cluster,
  'folder' | 'server' | 'kubeconfig' | 'tools' | 'registry' | 'auditLog' | 'proxy' | 'nodeControl' | 'addresses'
> & {
  readonly prometheusUrl?: string;
  readonly processes: Readonly<Record<string, { readonly logPath: string }>>;
};

/** `POST /processes/NAME/ACTION`, with the signal in the body where there is one. */
export const processActions = ['start', 'stop', 'restart', 'signal'] as const;
export type ProcessAction = (typeof processActions)[number];

export interface ProcessRequest {
  readonly signal?: NodeJS.Signals;
}

/** Body of every answer that is not a success. */
export interface Failure {
  readonly code?: string;
  readonly message: string;
}
