import { fileURLToPath } from 'node:url';
import { findKernel } from '@osv/local';
import type { OsvApp } from '@osv/operator/kubernetes';
import { isServed, resources } from '@osv/operator/kubernetes';
import type { Cluster } from '../../cluster/cluster.ts';
import { type ManagedProcess, manageProcess } from '../../cluster/processes/managed-process.ts';
import { reservePorts } from '../../cluster/processes/ports.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { objects, type Rendered, template } from './helm.ts';

const main = fileURLToPath(new URL('../../../operator/main.ts', import.meta.url));
const crd = fileURLToPath(new URL('../../../crds/osvapp.yaml', import.meta.url));

/** The operator as a process of this machine, with the rights that the chart gives it and no others. */
export interface OperatorUnderTest {
  readonly process: ManagedProcess;
  /** Its own metrics, as text. */
  metrics(): Promise<string>;
  /** Name by which the audit log knows it. */
  readonly user: string;
  /** Ends it and frees its ports. */
  stop(): Promise<void>;
}

const rights = new Set(['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']);

/** Makes the API server know OsvApps. */
export async function installDefinition(cluster: Cluster): Promise<void> {
  await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-f', crd]);
  await untilDefinitionServed(cluster);
}

/** Not by kubectl wait, which fails on a definition that has no conditions yet. */
export async function untilDefinitionServed(cluster: Cluster): Promise<void> {
  await waitUntil('OsvApps are served', () => isServed(cluster.client, resources.osvApps), { secondsMax: 120 });
}

/**
 * Starts an operator that serves one namespace and keeps its own objects there.
 *
 * @param through puts something between the operator and the API server: from the path of a kubeconfig to another's
 */
export async function startOperator(
  cluster: Cluster,
  namespace: string,
  name = 'operator',
  more: readonly string[] = [],
  through: (kubeconfig: string) => Promise<string> = async (kubeconfig) => kubeconfig,
): Promise<OperatorUnderTest> {
  await installDefinition(cluster);
  const text = await template(cluster, namespace, {
    'registry.host': cluster.registry.host,
    'operator.namespaces': `{${namespace}}`,
  });
  const granted = objects<Rendered & { subjects?: { name: string }[] }>(text).filter(({ kind }) => rights.has(kind));
  const input = granted.map((object) => JSON.stringify(object)).join('\n---\n');
  await cluster.kubectl(['-n', namespace, 'apply', '--server-side', '-f', '-'], { input });
  const account = granted.find(({ kind }) => kind === 'RoleBinding')?.subjects?.[0]?.name;
  if (account === undefined) throw new Error('the chart binds no role to the operator');
  const ports = await reservePorts();
  const metricsPort = ports.port('metrics');
  const healthPort = ports.port('health');
  const process = manageProcess({
    name,
    program: globalThis.process.execPath,
    args: [
      main,
      ...['--kubeconfig', await through(await cluster.kubeconfigFor({ namespace, name: account }))],
      ...['--namespace', namespace, '--operator-namespace', namespace],
      ...['--registry', cluster.registry.host, '--registry-insecure'],
      ...['--kernel', await findKernel(globalThis.process.env)],
      ...(cluster.proxy ? ['--guest-proxy', cluster.proxy] : []),
      ...['--listen-address', '127.0.0.1', '--metrics-port', `${metricsPort}`, '--health-port', `${healthPort}`],
      ...more,
    ],
    folder: cluster.folder,
    logPath: `${cluster.folder}/logs/${name}-${namespace}.log`,
    ready: async (signal) => (await fetch(`http://127.0.0.1:${healthPort}/readyz`, { signal })).ok,
  });
  await process.start();
  return {
    process,
    user: `system:serviceaccount:${namespace}:${account}`,
    metrics: async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text(),
    stop: async () => {
      await process.stop();
      await ports.release();
    },
  };
}

/** Waits until an app's status is as wanted; the error holds the last one. */
export async function untilApp(
  cluster: Cluster,
  namespace: string,
  name: string,
  sentence: string,
  holds: (app: OsvApp) => boolean,
  secondsMax = 300,
): Promise<OsvApp> {
  let last: OsvApp | undefined;
  try {
    await waitUntil(
      sentence,
      async () => {
        last = await cluster.client.get(resources.osvApps, { namespace, name });
        return last !== undefined && holds(last);
      },
      { secondsMax, pauseMilliseconds: 200 },
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}; the status is ${JSON.stringify(last?.status, null, 1)}`);
  }
  if (!last) throw new Error('unreachable');
  return last;
}

export function condition({ status }: OsvApp, type: string) {
  return status?.conditions?.find((one) => one.type === type);
}

export function isComplete(app: OsvApp): boolean {
  const observed = app.status?.observedGeneration === app.metadata.generation;
  return observed && condition(app, 'Progressing')?.reason === 'RolloutComplete';
}
