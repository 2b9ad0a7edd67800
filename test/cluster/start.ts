import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resources } from '@osv/operator/kubernetes';
import { createClusterCertificates } from './certificates/cluster-certificates.ts';
import type { OwnedCluster } from './cluster.ts';
import { clusterAccess } from './cluster-access.ts';
import { loopback, reserveAddresses } from './control-plane/addresses.ts';
import { apiServer, auditLogPath } from './control-plane/api-server.ts';
import type { ClusterProcessSpec } from './control-plane/context.ts';
import { controllerManager } from './control-plane/controller-manager.ts';
import { egressSocketPath } from './control-plane/egress.ts';
import { etcd } from './control-plane/etcd.ts';
import { scheduler } from './control-plane/scheduler.ts';
import { createAdmin } from './control-plane/users.ts';
import { type KubeVirtHalf, startKubeVirt } from './kubevirt/start.ts';
import { employJanitor } from './processes/janitor.ts';
import { type ManagedProcess, manageProcess } from './processes/managed-process.ts';
import { reservePorts } from './processes/ports.ts';
import { waitUntil } from './processes/wait-until.ts';
import { prometheus, prometheusAccess } from './prometheus/prometheus.ts';
import { registry, registryHost } from './registry/registry.ts';
import { serveControl } from './remote/serve-control.ts';
import { buildTools } from './tools/build-tools.ts';

export type KubevirtKind = KubeVirtHalf | 'none';

export interface ClusterOptions {
  /** Who stands in for KubeVirt. Default none. */
  readonly kubevirt?: KubevirtKind;
  /** Starts Prometheus with this configuration, as prometheus.yml has it. */
  readonly prometheus?: object;
  readonly progress?: (line: string) => void;
  /** A process that had been ready ended without having been asked to. Default: said as progress. */
  readonly onUnexpectedEnd?: (sentence: string) => void;
  /** Flags that come after ours, by process; a flag given twice counts as given last. */
  readonly flags?: Readonly<Record<string, readonly string[]>>;
  /** Leaves the folder with all state and logs where it is. */
  readonly keep?: boolean;
}

/**
 * Starts a cluster of real Kubernetes processes on this machine's loopback and resolves when it is ready to be used:
 * about ten seconds when the tools have been built before. It dies with this process, whatever ends that.
 *
 * @throws ClusterError; nothing runs on then, and the message ends with the last words of what failed
 */
export async function startCluster(options: ClusterOptions = {}): Promise<OwnedCluster> {
  const { kubevirt = 'none', progress = () => {} } = options;
  const tools = await buildTools({ progress });
  const cluster = await prepareCluster(tools, options);
  try {
    await startControlPlane(cluster, progress);
    if (kubevirt !== 'none') await startKubeVirt(cluster, { half: kubevirt, progress });
    if (options.prometheus) await (await prometheus(cluster, options.prometheus)).start();
    await serveControl(cluster);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Everything but processes: folder, ports, certificates, and how it all ends. */
async function prepareCluster(tools: OwnedCluster['tools'], options: ClusterOptions): Promise<OwnedCluster> {
  const { progress = () => {}, onUnexpectedEnd = progress, flags = {}, keep = false } = options;
  const folder = await mkdtemp(join(tmpdir(), 'osv-cluster-'));
  const janitor = keep ? undefined : await employJanitor(folder);
  const ports = await reservePorts();
  const addresses = await reserveAddresses();
  for (const name of ['logs', 'pids']) await mkdir(join(folder, name));
  const certificates = await createClusterCertificates(join(folder, 'pki'), addresses.kubernetesService);
  const server = `https://${loopback}:${ports.port('api-server')}`;
  await createAdmin(folder, server, certificates.authority);

  const access = clusterAccess({ folder, server, tools, authority: certificates.authority });
  const processes: Record<string, ManagedProcess> = {};
  const manage = (spec: ClusterProcessSpec): ManagedProcess => {
    const process = manageProcess({
      ...spec,
      args: [...spec.args, ...(flags[spec.name] ?? [])],
      folder,
      logPath: join(folder, 'logs', `${spec.name}.log`),
      pidPath: join(folder, 'pids', spec.name),
      onUnexpectedEnd,
    });
    processes[spec.name] = process;
    return process;
  };

  const endings: (() => Promise<void>)[] = [];
  let stopped: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const ending of endings.reverse()) await ending().catch((error) => failures.push(error));
    // At once and by SIGKILL: nobody reads their data again, and an API server would take a minute to drain its watches.
    await Promise.all(Object.values(processes).map((process) => process.stop('SIGKILL')));
    await Promise.all([ports.release(), addresses.release()]);
    await access.client.close();
    await janitor?.dismiss('remove');
    if (failures.length > 0) throw new AggregateError(failures, `the cluster in ${folder} ended with errors`);
  };

  return {
    ...access,
    registry: { host: registryHost({ ports }) },
    ...(options.prometheus
      ? { prometheus: prometheusAccess(folder, `http://${loopback}:${ports.port('prometheus')}`) }
      : {}),
    auditLog: auditLogPath(folder),
    egressSocket: egressSocketPath(folder),
    certificates,
    ports,
    addresses,
    processes,
    manage,
    onStop: (action) => void endings.push(action),
    stop: () => (stopped ??= stopAll()),
  };
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
    { secondsMax: 60 },
  );
  progress(`the API server answers on ${cluster.server}`);
}
