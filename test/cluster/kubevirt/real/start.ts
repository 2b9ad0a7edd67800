import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient, KubernetesObject, Resource } from '@osv/operator/kubernetes';
import type { OwnedCluster } from '../../cluster.ts';
import { ClusterError } from '../../error.ts';
import type { ManagedProcess } from '../../processes/managed-process.ts';
import { answers } from '../answers.ts';
import { kubevirtNamespace, serviceAccounts } from '../double/kubevirt-names.ts';
import { launcherImage } from '../double/start.ts';
import { handlerDaemonSet, identities, install, waitForDefinitions } from '../installation.ts';
import { servingFiles } from '../serving-files.ts';
import { readObjects } from './objects.ts';

const kubevirts: Resource = {
  group: 'kubevirt.io',
  version: 'v1',
  plural: 'kubevirts',
  kind: 'KubeVirt',
  namespaced: true,
};

/**
 * KubeVirt's own virt-api and virt-controller, from the folder KUBEVIRT_BIN_DIR, with its definitions and webhooks from
 * the file KUBEVIRT_OBJECTS (JSON lines or YAML).
 *
 * @throws ClusterError `tool-missing`
 */
export async function startReal(
  cluster: OwnedCluster,
  progress: (line: string) => void,
): Promise<{ 'virt-api': ManagedProcess; 'virt-controller': ManagedProcess }> {
  const { folder, objectsFile } = await locate(process.env);
  progress(`starting KubeVirt's own programs of ${folder}`);
  const { client } = cluster;
  const authority = cluster.certificates.authority.certificate;
  const api = `https://127.0.0.1:${cluster.ports.port('virt-api')}`;
  const objects = await readObjects(objectsFile, api, authority);
  await prepare(client, objects, authority);
  const { virtApi, virtController } = await manage(cluster, folder);
  await virtApi.start();
  await install(
    client,
    objects.filter(({ kind }) => kind?.endsWith('WebhookConfiguration')),
  );
  await virtController.start();
  return { 'virt-api': virtApi, 'virt-controller': virtController };
}

async function locate(environment: NodeJS.ProcessEnv): Promise<{ folder: string; objectsFile: string }> {
  const { KUBEVIRT_BIN_DIR: folder, KUBEVIRT_OBJECTS: objectsFile } = environment;
  if (!folder || !objectsFile) {
    const sentence =
      'set KUBEVIRT_BIN_DIR to a folder with virt-api and virt-controller, and KUBEVIRT_OBJECTS to a file';
    throw new ClusterError('tool-missing', `${sentence} with KubeVirt's definitions and webhooks`);
  }
  for (const path of [join(folder, 'virt-api'), join(folder, 'virt-controller'), objectsFile]) {
    await access(path).catch((cause) => {
      throw new ClusterError('tool-missing', `there is no ${path}`, { cause });
    });
  }
  return { folder, objectsFile };
}

/** All that virt-api and virt-controller look for when they start. */
async function prepare(client: ApiClient, objects: readonly KubernetesObject[], authority: string): Promise<void> {
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  const caBundle = {
    kind: 'ConfigMap',
    metadata: { name: 'kubevirt-ca', namespace: kubevirtNamespace },
    data: { 'ca-bundle': authority },
  } as KubernetesObject;
  await install(client, [...identities(), handlerDaemonSet(), caBundle, ...definitions]);
  await waitForDefinitions(
    client,
    definitions.map(({ metadata }) => metadata.name),
  );
  const metadata = { name: 'kubevirt', namespace: kubevirtNamespace };
  await client.apply(kubevirts, { metadata, spec: {} } as KubernetesObject);
  // Without an architecture every instance is refused.
  const status = { phase: 'Deployed', defaultArchitecture: 'amd64' };
  await client.mergePatch(kubevirts, metadata, { status }, { subresource: 'status' });
}

/** Where each program says that it works; virt-controller answers before it leads. */
const healthOf = {
  'virt-api': { path: '/healthz', text: '' },
  'virt-controller': { path: '/leader', text: '"true"' },
} as const;

async function manage(cluster: OwnedCluster, folder: string) {
  const { ports } = cluster;
  const files = await servingFiles(cluster);
  const authority = cluster.certificates.authority.certificate;
  const run = async (name: keyof typeof healthOf, account: string, flags: readonly string[]) => {
    const kubeconfig = await cluster.kubeconfigFor({ namespace: kubevirtNamespace, name: account });
    const port = ports.port(name);
    const { path, text } = healthOf[name];
    return cluster.manage({
      name,
      program: join(folder, name),
      args: ['--listen=127.0.0.1', `--port=${port}`, `--kubeconfig=${kubeconfig}`, ...flags],
      environment: { ...process.env, NAMESPACE: kubevirtNamespace, POD_NAMESPACE: kubevirtNamespace },
      ready: (signal) => answers(`https://127.0.0.1:${port}${path}`, { authority, signal, text }),
      readySecondsMax: 120,
    });
  };
  const apiFlags = [
    `--tls-cert-file=${files.certificate}`,
    `--tls-key-file=${files.key}`,
    `--handler-cert-file=${files.certificate}`,
    `--handler-key-file=${files.key}`,
  ];
  const controllerFlags = [
    `--launcher-image=${launcherImage}`,
    '--exporter-image=quay.io/kubevirt/virt-exportserver:v1.9.0',
    `--prom-cert-file=${files.certificate}`,
    `--prom-key-file=${files.key}`,
  ];
  return {
    virtApi: await run('virt-api', serviceAccounts.api, apiFlags),
    virtController: await run('virt-controller', serviceAccounts.controller, controllerFlags),
  };
}
