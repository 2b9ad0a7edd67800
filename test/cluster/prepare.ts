import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClusterCertificates } from './certificates/cluster-certificates.ts';
import type { OwnedCluster } from './cluster.ts';
import { clusterAccess } from './cluster-access.ts';
import { loopback, reserveAddresses } from './control-plane/addresses.ts';
import { auditLogPath } from './control-plane/api-server.ts';
import type { ClusterProcessSpec } from './control-plane/context.ts';
import { egressSocketPath } from './control-plane/egress.ts';
import { createAdmin } from './control-plane/users.ts';
import type { ClusterOptions } from './options.ts';
import { employJanitor } from './processes/janitor.ts';
import { type ManagedProcess, manageProcess } from './processes/managed-process.ts';
import { reservePorts } from './processes/ports.ts';
import { prometheusAccess } from './prometheus/prometheus.ts';
import { registryHost } from './registry/registry.ts';

/** Everything but processes: folder, ports, certificates, and how it all ends. */
export async function prepareCluster(tools: OwnedCluster['tools'], options: ClusterOptions): Promise<OwnedCluster> {
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
    // At once and by SIGKILL: nobody reads their data again.
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
