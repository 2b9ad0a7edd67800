import type { ManagedProcess } from '../processes/managed-process.ts';
import { request } from '../processes/request.ts';
import { loopback, nodePrefixLength } from './addresses.ts';
import { type ClusterContext, flagList } from './context.ts';
import { adminFiles, writeKubeconfigFor } from './users.ts';

/** All default controllers, each with a ServiceAccount and rights of its own, as kubeadm sets them up. */
export async function controllerManager(context: ClusterContext): Promise<ManagedProcess> {
  const { certificates, folder, ports, server } = context;
  const kubeconfig = await writeKubeconfigFor(folder, server, certificates.authority, {
    commonName: 'system:kube-controller-manager',
  });
  const port = ports.port('controller-manager');
  return context.manage({
    name: 'controller-manager',
    program: context.tools.kubeControllerManager,
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
      'use-service-account-credentials': true,
      'service-account-private-key-file': certificates.serviceAccountKey.private,
      'root-ca-file': certificates.authorityFiles.certificate,
      'cluster-signing-cert-file': certificates.authorityFiles.certificate,
      'cluster-signing-key-file': certificates.authorityFiles.key,
      'cluster-cidr': context.addresses.podRange,
      'service-cluster-ip-range': context.addresses.serviceRange,
      'allocate-node-cidrs': true,
      'node-cidr-mask-size': nodePrefixLength,
      // There is one of it; an election would only delay a restart.
      'leader-elect': false,
      // Defaults made for machines that share an API server slow down the start, and every scale test.
      'kube-api-qps': 500,
      'kube-api-burst': 1000,
      profiling: false,
    }),
    ready: async (signal) => {
      const answer = await request(`https://${loopback}:${port}/healthz`, {
        signal,
        authorityFile: certificates.authorityFiles.certificate,
        client: adminFiles(folder),
      });
      return answer.status === 200;
    },
  });
}
