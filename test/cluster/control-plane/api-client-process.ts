import type { ManagedProcess } from '../processes/managed-process.ts';
import { request } from '../processes/request.ts';
import { loopback } from './addresses.ts';
import { type ClusterContext, flagList } from './context.ts';
import { adminFiles, writeKubeconfigFor } from './users.ts';

/** A process of the control plane that is a client of the API server, and serves its own health over HTTPS. */
export interface ApiClientProcess {
  readonly name: 'controller-manager' | 'scheduler';
  /** Absolute path. */
  readonly program: string;
  /** Path that answers 200 when it is at work. */
  readonly healthPath: string;
  /** Beside those that all have. */
  readonly flags?: Parameters<typeof flagList>[0];
}

/** Makes it; it is known to the API server as system:kube-NAME. */
export async function apiClientProcess(context: ClusterContext, process: ApiClientProcess): Promise<ManagedProcess> {
  const { certificates, folder, ports, server } = context;
  const { name, program, healthPath, flags } = process;
  const commonName = `system:kube-${name}`;
  const kubeconfig = await writeKubeconfigFor(folder, server, certificates.authority, { commonName });
  const port = ports.port(name);
  return context.manage({
    name,
    program,
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
      // There is one of it; an election would only delay a restart.
      'leader-elect': false,
      // Defaults made for machines that share an API server slow down the start, and every scale test.
      'kube-api-qps': 500,
      'kube-api-burst': 1000,
      profiling: false,
      ...flags,
    }),
    ready: async (signal) => {
      const answer = await request(`https://${loopback}:${port}${healthPath}`, {
        signal,
        authorityFile: certificates.authorityFiles.certificate,
        client: adminFiles(folder),
      });
      return answer.status === 200;
    },
  });
}
