import { type ApiClient, type KubernetesObject, type Resource, resources } from '@osv/operator/kubernetes';
import { ClusterError } from '../error.ts';
import { waitUntil } from '../processes/wait-until.ts';
import { kubevirtNamespace, serviceAccounts } from './double/kubevirt-names.ts';

/** Resources that only an installation writes. */
const installed = {
  Namespace: resources.namespaces,
  ServiceAccount: resources.serviceAccounts,
  ConfigMap: resources.configMaps,
  CustomResourceDefinition: resources.customResourceDefinitions,
  ClusterRoleBinding: clusterResource('rbac.authorization.k8s.io', 'clusterrolebindings', 'ClusterRoleBinding'),
  DaemonSet: { group: 'apps', version: 'v1', plural: 'daemonsets', kind: 'DaemonSet', namespaced: true },
  PriorityClass: clusterResource('scheduling.k8s.io', 'priorityclasses', 'PriorityClass'),
  MutatingWebhookConfiguration: clusterResource(
    'admissionregistration.k8s.io',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
  ),
  ValidatingWebhookConfiguration: clusterResource(
    'admissionregistration.k8s.io',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
  ),
} as Readonly<Record<string, Resource>>;

function clusterResource(group: string, plural: string, kind: string): Resource {
  return { group, version: 'v1', plural, kind, namespaced: false };
}

/** Applies objects of the kinds that an installation of KubeVirt consists of. */
export async function install(client: ApiClient, objects: readonly KubernetesObject[]): Promise<void> {
  for (const object of objects) {
    const resource = installed[object.kind ?? ''];
    if (!resource) throw new ClusterError('unsupported', `objects of kind ${object.kind} cannot be installed`);
    await client.apply(resource, object);
  }
}

/** Resolves when the API server serves all the definitions. */
export async function waitForDefinitions(client: ApiClient, names: readonly string[]): Promise<void> {
  await waitUntil(
    `the API server serves ${names.join(', ')}`,
    async () => {
      const found = await Promise.all(names.map((name) => client.get(resources.customResourceDefinitions, { name })));
      return found.every((definition) =>
        definition?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'),
      );
    },
    { secondsMax: 60 },
  );
}

/**
 * KubeVirt's namespace and service accounts. They may do everything: what rights KubeVirt has is not what this cluster
 * is there to test.
 */
export function identities(): KubernetesObject[] {
  const accounts = Object.values(serviceAccounts);
  const kubevirt = { 'kubevirt.io': '' };
  return [
    { kind: 'Namespace', metadata: { name: kubevirtNamespace, labels: kubevirt } },
    ...accounts.map((name) => ({
      kind: 'ServiceAccount',
      metadata: { name, namespace: kubevirtNamespace, labels: kubevirt },
    })),
    {
      kind: 'ClusterRoleBinding',
      metadata: { name: 'kubevirt', labels: kubevirt },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: accounts.map((name) => ({ kind: 'ServiceAccount', name, namespace: kubevirtNamespace })),
    } as KubernetesObject,
  ];
}

/**
 * The DaemonSet of virt-handler, whose part the node agent plays without a pod, so that it wants none. Without one
 * virt-controller does not give up the instances of a dead node: it could not tell that from an unfinished installation.
 */
export function handlerDaemonSet(): KubernetesObject {
  const labels = { 'kubevirt.io': 'virt-handler' };
  return {
    kind: 'DaemonSet',
    metadata: { name: 'virt-handler', namespace: kubevirtNamespace, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'kubevirt.io/virt-handler': 'as-a-pod' },
          containers: [{ name: 'virt-handler', image: 'quay.io/kubevirt/virt-handler:v1.9.0' }],
        },
      },
    },
  } as KubernetesObject;
}
