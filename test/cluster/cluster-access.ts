import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApiClient } from '@osv/operator/kubernetes';
import { run } from '../guest/command.ts';
import type { ClientAuthority } from './certificates/authority.ts';
import type { Cluster } from './cluster.ts';
import { adminKubeconfigPath, kubeconfig, writeKubeconfigFor } from './control-plane/users.ts';
import { ClusterError } from './error.ts';
import type { Tools } from './tools/go-tools.ts';

/** How long a ServiceAccount's token is good for. */
const tokenSeconds = 86_400;

export interface AccessInput {
  readonly folder: string;
  readonly server: string;
  readonly tools: Tools;
  /** Vouches for users. */
  readonly authority: ClientAuthority;
}

export type ClusterAccess = Pick<
  Cluster,
  'folder' | 'server' | 'tools' | 'kubeconfig' | 'client' | 'kubectl' | 'kubeconfigFor' | 'kubeconfigForUser'
>;

/** The ways to speak to a cluster's API server. */
export function clusterAccess({ folder, server, tools, authority }: AccessInput): ClusterAccess {
  const adminKubeconfig = adminKubeconfigPath(folder);
  const client = createApiClient({
    kubeconfig: adminKubeconfig,
    fieldManager: 'osv-cluster',
    userAgent: 'osv-cluster',
    // Scale tests make thousands of objects; the API server has limits of its own.
    qps: 1000,
  });

  return {
    folder,
    server,
    tools,
    kubeconfig: adminKubeconfig,
    client,

    async kubectl(args, options = {}) {
      const result = await run(tools.kubectl, args, {
        environment: { ...process.env, KUBECONFIG: options.kubeconfig ?? adminKubeconfig, HOME: folder },
        ...(options.input === undefined ? {} : { input: options.input }),
      });
      if (result.code === 0) return result.stdout.toString();
      const said = result.stderr.toString().trim();
      throw new ClusterError('request-failed', `kubectl ${args.join(' ')} ended with ${result.code}: ${said}`);
    },

    async kubeconfigFor(account) {
      const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
      const spec = { expirationSeconds: tokenSeconds };
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
      const answer = await client.raw('POST', path, { body: JSON.stringify(request), contentType: 'application/json' });
      if (answer.status !== 201) {
        const why = `no token for ServiceAccount ${account.namespace}/${account.name}: ${answer.body}`;
        throw new ClusterError('request-failed', why);
      }
      const { status } = JSON.parse(answer.body) as { status: { token: string } };
      const user = `system:serviceaccount:${account.namespace}:${account.name}`;
      const file = join(folder, `${account.namespace}.${account.name}.${randomBytes(4).toString('hex')}.kubeconfig`);
      const content = kubeconfig(server, authority.certificate, user, { token: status.token });
      await writeFile(file, content, { mode: 0o600 });
      return file;
    },

    kubeconfigForUser: (subject) => writeKubeconfigFor(folder, server, authority, subject),
  };
}
