import { join } from 'node:path';
import type { ManagedProcess } from '../processes/managed-process.ts';
import { request } from '../processes/request.ts';
import { loopback } from './addresses.ts';
import { type ClusterContext, flagList } from './context.ts';

export function etcdUrl({ ports }: ClusterContext): string {
  return `https://${loopback}:${ports.port('etcd')}`;
}

/** One member, spoken to over TLS with certificates that only the API server has. */
export function etcd(context: ClusterContext): ManagedProcess {
  const { certificates, folder, ports, tools } = context;
  const clients = etcdUrl(context);
  const peers = `https://${loopback}:${ports.port('etcd-peers')}`;
  return context.manage({
    name: 'etcd',
    program: tools.etcd,
    args: flagList({
      name: 'cluster',
      'data-dir': join(folder, 'etcd'),
      'listen-client-urls': clients,
      'advertise-client-urls': clients,
      'listen-peer-urls': peers,
      'initial-advertise-peer-urls': peers,
      'initial-cluster': `cluster=${peers}`,
      'cert-file': certificates.etcdServer.certificate,
      'key-file': certificates.etcdServer.key,
      'client-cert-auth': true,
      'trusted-ca-file': certificates.etcdAuthorityFile,
      'peer-cert-file': certificates.etcdServer.certificate,
      'peer-key-file': certificates.etcdServer.key,
      'peer-client-cert-auth': true,
      'peer-trusted-ca-file': certificates.etcdAuthorityFile,
      // The data may be lost with the machine, not with the process: the page cache survives a kill.
      'unsafe-no-fsync': true,
      'quota-backend-bytes': 4 * 1024 ** 3,
      'log-level': 'warn',
    }),
    ready: async (signal) => {
      const answer = await request(`${clients}/readyz`, {
        signal,
        authorityFile: certificates.etcdAuthorityFile,
        client: certificates.etcdClient,
      });
      return answer.status === 200;
    },
  });
}
