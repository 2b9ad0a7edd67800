import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ManagedProcess } from '../processes/managed-process.ts';
import { request } from '../processes/request.ts';
import { loopback } from './addresses.ts';
import { auditPolicy } from './audit-policy.ts';
import { type ClusterContext, flagList } from './context.ts';
import { egressConfiguration, egressSocketPath } from './egress.ts';
import { etcdUrl } from './etcd.ts';
import { adminFiles } from './users.ts';

/** One JSON object a line for each request that was answered. */
export function auditLogPath(folder: string): string {
  return join(folder, 'logs', 'audit.jsonl');
}

/**
 * The real API server: TLS, RBAC and the node authorizer, an audit log, and what extension servers such as virt-api need
 * (the requestheader flags, aggregation).
 */
export async function apiServer(context: ClusterContext): Promise<ManagedProcess> {
  const { certificates, folder } = context;
  const policy = join(folder, 'audit-policy.yaml');
  const egress = join(folder, 'egress.yaml');
  await writeFile(policy, stringify(auditPolicy));
  await writeFile(egress, stringify(egressConfiguration(egressSocketPath(folder))));
  const client = adminFiles(folder);
  return context.manage({
    name: 'api-server',
    program: context.tools.kubeApiserver,
    args: apiServerFlags(context, policy, egress),
    ready: async (signal) => {
      const authorityFile = certificates.authorityFiles.certificate;
      const answer = await request(`${context.server}/readyz?verbose`, { signal, authorityFile, client });
      if (answer.status !== 200) throw new Error(notReady(answer.body));
      return true;
    },
  });
}

function apiServerFlags(context: ClusterContext, policy: string, egress: string): string[] {
  const { certificates, folder, ports } = context;
  return flagList({
    'bind-address': loopback,
    'advertise-address': loopback,
    'secure-port': ports.port('api-server'),
    'tls-cert-file': certificates.apiServer.certificate,
    'tls-private-key-file': certificates.apiServer.key,
    'client-ca-file': certificates.authorityFiles.certificate,
    'kubelet-certificate-authority': certificates.authorityFiles.certificate,
    'kubelet-client-certificate': adminFiles(folder).certificate,
    'kubelet-client-key': adminFiles(folder).key,

    'etcd-servers': etcdUrl(context),
    'etcd-cafile': certificates.etcdAuthorityFile,
    'etcd-certfile': certificates.etcdClient.certificate,
    'etcd-keyfile': certificates.etcdClient.key,

    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    // Launcher pods of KubeVirt ask for more than the default lets pods have.
    'allow-privileged': true,
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': certificates.serviceAccountKey.public,
    'service-account-signing-key-file': certificates.serviceAccountKey.private,

    'requestheader-client-ca-file': certificates.frontProxyAuthorityFile,
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-uid-headers': 'X-Remote-Uid',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'proxy-client-cert-file': certificates.frontProxyClient.certificate,
    'proxy-client-key-file': certificates.frontProxyClient.key,

    'service-cluster-ip-range': context.addresses.serviceRange,
    // The endpoint of Service kubernetes would be a loopback address, which EndpointSlices refuse.
    'endpoint-reconciler-type': 'none',
    'egress-selector-config-file': egress,

    'audit-policy-file': policy,
    'audit-log-path': auditLogPath(folder),
    'audit-log-format': 'json',
    // One file, however long: a proof about a whole run reads all of it.
    'audit-log-maxsize': 100_000,
    // In order, it ends when its last watch has: without this, that takes a minute.
    'shutdown-watch-termination-grace-period': '2s',
    profiling: false,
  });
}

/** The checks that failed, of the many that /readyz lists. */
function notReady(body: string): string {
  const failed = body.split('\n').filter((line) => line.startsWith('[-]'));
  return failed.length > 0 ? failed.join(', ') : body.slice(0, 200);
}
