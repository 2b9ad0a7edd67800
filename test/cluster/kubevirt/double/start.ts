import { fileURLToPath } from 'node:url';
import type { OwnedCluster } from '../../cluster.ts';
import type { ManagedProcess } from '../../processes/managed-process.ts';
import { answers } from '../answers.ts';
import { handlerDaemonSet, identities, install, waitForDefinitions } from '../installation.ts';
import { servingFiles } from '../serving-files.ts';
import { webhookConfigurations } from './admission/webhooks.ts';
import { kubevirtNamespace, serviceAccounts } from './kubevirt-names.ts';
import { customResourceDefinitions } from './schema/definitions.ts';

/** The image that launcher pods name; nobody pulls it. */
export const launcherImage = 'quay.io/kubevirt/virt-launcher:v1.9.0';

function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Our double of KubeVirt's control plane: its API with its rules, and controllers that do what its own do. */
export async function startDouble(
  cluster: OwnedCluster,
  progress: (line: string) => void,
): Promise<{ 'virt-api': ManagedProcess; 'virt-controller': ManagedProcess }> {
  progress('starting the double of KubeVirt');
  const { client, certificates, ports } = cluster;
  const definitions = await customResourceDefinitions();
  await install(client, [...identities(), handlerDaemonSet(), ...definitions]);
  await waitForDefinitions(
    client,
    definitions.map(({ metadata }) => metadata.name),
  );

  const files = await servingFiles(cluster);
  const authority = certificates.authority.certificate;
  const api = `https://127.0.0.1:${ports.port('virt-api')}`;
  const virtApi = cluster.manage({
    name: 'virt-api',
    program: process.execPath,
    args: [
      program('virt-api.ts'),
      `--port=${ports.port('virt-api')}`,
      `--tls-cert-file=${files.certificate}`,
      `--tls-key-file=${files.key}`,
    ],
    ready: (signal) => answers(`${api}/healthz`, { authority, signal }),
  });
  const controllerAccount = { namespace: kubevirtNamespace, name: serviceAccounts.controller };
  const virtController = cluster.manage({
    name: 'virt-controller',
    program: process.execPath,
    args: [
      program('virt-controller.ts'),
      `--port=${ports.port('virt-controller')}`,
      `--kubeconfig=${await cluster.kubeconfigFor(controllerAccount)}`,
      `--launcher-image=${launcherImage}`,
    ],
    ready: (signal) => answers(`http://127.0.0.1:${ports.port('virt-controller')}/readyz`, { signal }),
  });
  await Promise.all([virtApi.start(), virtController.start()]);
  await install(client, webhookConfigurations(api, authority));
  return { 'virt-api': virtApi, 'virt-controller': virtController };
}
