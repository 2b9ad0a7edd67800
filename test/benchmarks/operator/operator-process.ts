import { fileURLToPath } from 'node:url';
import { parseExposition } from '@osv/contracts';
import { findKernel } from '@osv/local';
import { operatorNodeFlags } from '../../../image-builder/container/recipes.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { type ManagedProcess, manageProcess } from '../../cluster/processes/managed-process.ts';
import { reservePorts } from '../../cluster/processes/ports.ts';
import { objects, type Rendered, template } from '../../cluster-e2e/support/helm.ts';
import { installDefinition } from '../../cluster-e2e/support/operator.ts';

const main = fileURLToPath(new URL('../../../operator/main.ts', import.meta.url));
export const operatorNamespace = 'osv-system';

/** The operator that is measured: one process that serves every namespace, with the rights that the chart gives it. */
export interface MeasuredOperator {
  readonly process: ManagedProcess;
  /** Name by which the audit log knows it. */
  readonly user: string;
  /** Sum over all series of a metric of its own whose labels hold these. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  stop(): Promise<void>;
}

const rights = new Set(['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']);

export interface OperatorSettings {
  readonly guestProxy: string;
  /** Flags of the operator. */
  readonly more: readonly string[];
  /** Flags of Node.js, such as --cpu-prof. */
  readonly nodeFlags: readonly string[];
}

/** An operator of a cluster, with a ServiceAccount of its own; not started yet. */
export async function prepareOperator(cluster: Cluster, settings: OperatorSettings): Promise<MeasuredOperator> {
  await installDefinition(cluster);
  await cluster.kubectl(['create', 'namespace', operatorNamespace]);
  const account = await grant(cluster);
  const kubeconfig = await cluster.kubeconfigFor({ namespace: operatorNamespace, name: account });
  return manageOperator({
    ...settings,
    kubeconfig,
    folder: cluster.folder,
    registry: cluster.registry.host,
    user: `system:serviceaccount:${operatorNamespace}:${account}`,
  });
}

export interface OperatorPlace extends OperatorSettings {
  readonly kubeconfig: string;
  /** Where its log goes. */
  readonly folder: string;
  readonly registry: string;
  readonly user: string;
}

/** Not started yet. */
export async function manageOperator(place: OperatorPlace): Promise<MeasuredOperator> {
  const { folder, user } = place;
  const ports = await reservePorts();
  const [metricsPort, healthPort] = [ports.port('metrics'), ports.port('health')];
  const process = manageProcess({
    name: 'operator',
    program: globalThis.process.execPath,
    args: [
      ...operatorNodeFlags,
      ...place.nodeFlags,
      main,
      ...['--kubeconfig', place.kubeconfig],
      // There is one; on a machine that is busier than a cluster's would be it might lose its lease, and end.
      ...['--operator-namespace', operatorNamespace, '--no-leader-election'],
      ...['--registry', place.registry, '--registry-insecure'],
      ...['--kernel', await findKernel(globalThis.process.env)],
      ...['--guest-proxy', place.guestProxy],
      ...['--listen-address', '127.0.0.1', '--metrics-port', `${metricsPort}`, '--health-port', `${healthPort}`],
      ...place.more,
    ],
    folder,
    logPath: `${folder}/operator.log`,
    ready: async (signal) => (await fetch(`http://127.0.0.1:${healthPort}/readyz`, { signal })).ok,
  });
  return {
    process,
    user,
    metric: async (name, labels = {}) => {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const wanted = Object.entries(labels);
      return parseExposition(text)
        .filter((sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value))
        .reduce((sum, { value }) => sum + value, 0);
    },
    stop: async () => {
      await process.stop();
      await ports.release();
    },
  };
}

/** @returns the operator's ServiceAccount */
async function grant(cluster: Cluster): Promise<string> {
  const text = await template(cluster, operatorNamespace, { 'registry.host': cluster.registry.host });
  const granted = objects<Rendered & { subjects?: { name: string }[] }>(text).filter(({ kind }) => rights.has(kind));
  const input = granted.map((object) => JSON.stringify(object)).join('\n---\n');
  await cluster.kubectl(['-n', operatorNamespace, 'apply', '--server-side', '-f', '-'], { input });
  const own = granted.find(({ kind, metadata }) => kind === 'RoleBinding' && metadata.name.endsWith('-own'));
  const account = own?.subjects?.[0]?.name;
  if (account === undefined) throw new Error('the chart binds no role to the operator');
  return account;
}
