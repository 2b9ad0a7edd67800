import type { ManagedProcess } from '../processes/managed-process.ts';
import { nodePrefixLength } from './addresses.ts';
import { apiClientProcess } from './api-client-process.ts';
import type { ClusterContext } from './context.ts';

/** All default controllers, each with a ServiceAccount and rights of its own, as kubeadm sets them up. */
export function controllerManager(context: ClusterContext): Promise<ManagedProcess> {
  const { addresses, certificates, tools } = context;
  return apiClientProcess(context, {
    name: 'controller-manager',
    program: tools.kubeControllerManager,
    healthPath: '/healthz',
    flags: {
      'use-service-account-credentials': true,
      'service-account-private-key-file': certificates.serviceAccountKey.private,
      'root-ca-file': certificates.authorityFiles.certificate,
      'cluster-signing-cert-file': certificates.authorityFiles.certificate,
      'cluster-signing-key-file': certificates.authorityFiles.key,
      'cluster-cidr': addresses.podRange,
      'service-cluster-ip-range': addresses.serviceRange,
      'allocate-node-cidrs': true,
      'node-cidr-mask-size': nodePrefixLength,
    },
  });
}
