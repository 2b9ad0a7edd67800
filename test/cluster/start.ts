import { resources } from '@osv/operator/kubernetes';
import type { OwnedCluster } from './cluster.ts';
import { apiServer } from './control-plane/api-server.ts';
import { controllerManager } from './control-plane/controller-manager.ts';
import { etcd } from './control-plane/etcd.ts';
import { scheduler } from './control-plane/scheduler.ts';
import { startKubeVirt } from './kubevirt/start.ts';
import { type ClusterNodes, nodeAgentProcess } from './node-agent/cluster-process.ts';
import type { ClusterOptions } from './options.ts';
import { prepareCluster } from './prepare.ts';
import { waitUntil } from './processes/wait-until.ts';
import { prometheus } from './prometheus/prometheus.ts';
import { registry } from './registry/registry.ts';
import { serveControl } from './remote/serve-control.ts';
import { buildTools } from './tools/build-tools.ts';

export type { Cluster, OwnedCluster } from './cluster.ts';
export type { ClusterOptions, KubevirtKind } from './options.ts';

/**
 * Starts a cluster of real Kubernetes processes on this machine's loopback and resolves when it is ready to be used:
 * about ten seconds when the tools have been built before. It dies with this process, whatever ends that.
 *
 * @throws ClusterError; nothing runs on then, and the message ends with the last words of what failed
 */
export async function startCluster(options: ClusterOptions = {}): Promise<OwnedCluster> {
  const { kubevirt = 'none', progress = () => {} } = options;
  const tools = await buildTools({ progress });
  const prepared = await prepareCluster(tools, options);
  try {
    await startControlPlane(prepared, progress);
    if (kubevirt !== 'none') await startKubeVirt(prepared, { half: kubevirt, progress });
    const { nodes = kubevirt === 'none' ? 'none' : {} } = options;
    const cluster = nodes === 'none' ? prepared : await startNodes(prepared, nodes, progress);
    if (options.prometheus) await (await prometheus(cluster, options.prometheus)).start();
    await serveControl(cluster);
    return cluster;
  } catch (error) {
    await prepared.stop();
    throw error;
  }
}

async function startNodes(cluster: OwnedCluster, nodes: ClusterNodes, progress: (line: string) => void) {
  progress('starting the node agent');
  const { process, proxy, control } = nodeAgentProcess(cluster, nodes);
  await process.start();
  return { ...cluster, proxy, nodeControl: control };
}

async function startControlPlane(cluster: OwnedCluster, progress: (line: string) => void): Promise<void> {
  progress(`starting etcd, the API server, controllers, scheduler and a registry in ${cluster.folder}`);
  const images = await registry(cluster);
  await Promise.all([etcd(cluster).start(), images.start()]);
  await (await apiServer(cluster)).start();
  const controllers = await controllerManager(cluster);
  const scheduling = await scheduler(cluster);
  await Promise.all([controllers.start(), scheduling.start()]);
  // Without it the API server refuses pods.
  await waitUntil(
    'the ServiceAccount of namespace default exists',
    async () =>
      (await cluster.client.get(resources.serviceAccounts, { namespace: 'default', name: 'default' })) !== undefined,
    { secondsMax: 300 },
  );
  progress(`the API server answers on ${cluster.server}`);
}
