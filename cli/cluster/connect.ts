import type { ApiClient } from '@osv/operator/kubernetes';
import type { Context } from '../context.ts';
import manifest from '../package.json' with { type: 'json' };

/** Where a command finds its cluster; the options of kubectl with these names. */
export interface ClusterOptions {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
}

/** A cluster and the namespace that a command is about. */
export interface ClusterConnection {
  client: ApiClient;
  namespace: string;
}

/** Owner of the fields that commands write into a spec. */
export const fieldManager = 'osv-cli';

/**
 * Connects, and closes the connection in the end, so that the command can end. The client library is loaded here and
 * nowhere else, since it takes longer than all other modules together.
 */
export async function withCluster<T>(
  { environment }: Pick<Context, 'environment'>,
  { kubeconfig, context, namespace }: ClusterOptions,
  use: (connection: ClusterConnection) => Promise<T>,
): Promise<T> {
  const { createApiClient } = await import('@osv/operator/kubernetes');
  const userAgent = `osv/${manifest.version}`;
  const client = createApiClient({ kubeconfig, context, filesFirst: true, environment, fieldManager, userAgent });
  try {
    return await use({ client, namespace: namespace ?? client.defaultNamespace ?? 'default' });
  } finally {
    await client.close();
  }
}
