import { type OsvApp, resources } from '@osv/operator/kubernetes';
import type { Cluster } from '../../cluster/cluster.ts';
import type { ProgramArchives } from './program-archives.ts';

/** An app that is built in a second and boots in another: the program of an archive server, in 32 MiB. */
export function smallApp(namespace: string, name: string, archives: ProgramArchives, spec: object = {}): OsvApp {
  return {
    metadata: { namespace, name },
    spec: {
      source: { archive: { url: `${archives.url}/${namespace}/${name}.tar.gz` } },
      command: [archives.program],
      resources: { memory: '32Mi' },
      ports: [{ name: 'echo', port: 7000 }],
      readinessProbe: { tcpSocket: { port: 7000 }, periodSeconds: 1 },
      terminationGracePeriodSeconds: 2,
      drainSeconds: 0,
      replicas: 1,
      ...spec,
    },
  } as OsvApp;
}

export function patchSpec(cluster: Cluster, namespace: string, name: string, spec: object): Promise<OsvApp> {
  return cluster.client.mergePatch<OsvApp>(resources.osvApps, { namespace, name }, { spec });
}
