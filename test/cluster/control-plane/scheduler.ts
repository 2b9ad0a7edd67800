import type { ManagedProcess } from '../processes/managed-process.ts';
import { request } from '../processes/request.ts';
import { loopback } from './addresses.ts';
import { type ClusterContext, flagList } from './context.ts';
import { adminFiles, writeKubeconfigFor } from './users.ts';

/** The scheduler with its default plugins. */
export async function scheduler(context: ClusterContext): Promise<ManagedProcess> {
  const { certificates, folder, ports, server } = context;
  const kubeconfig = await writeKubeconfigFor(folder, server, certificates.authority, {
    commonName: 'system:kube-scheduler',
  });
  const port = ports.port('scheduler');
  return context.manage({
    name: 'scheduler',
    program: context.tools.kubeScheduler,
    args: flagList({
      kubeconfig,
      'authentication-kubeconfig': kubeconfig,
      'authorization-kubeconfig': kubeconfig,
      'bind-address': loopback,
      'secure-port': port,
      'tls-cert-file': certificates.components.certificate,
      'tls-private-key-file': certificates.components.key,
      'client-ca-file': certificates.authorityFiles.certificate,
      'requestheader-client-ca-file': certificates.frontProxyAuthorityFile,
      'leader-elect': false,
      // Defaults made for machines that share an API server slow down the start, and every scale test.
      'kube-api-qps': 500,
      'kube-api-burst': 1000,
      profiling: false,
    }),
    ready: async (signal) => {
      const answer = await request(`https://${loopback}:${port}/readyz`, {
        signal,
        authorityFile: certificates.authorityFiles.certificate,
        client: adminFiles(folder),
      });
      return answer.status === 200;
    },
  });
}
