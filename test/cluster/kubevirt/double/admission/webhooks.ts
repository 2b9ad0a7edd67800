import type { KubernetesObject } from '@osv/operator/kubernetes';

interface Hook {
  name: string;
  path: string;
  operations: string[];
  resource: string;
}

/** With the names that KubeVirt gives them. */
const mutating: readonly Hook[] = [
  {
    name: 'virtualmachines-mutator.kubevirt.io',
    path: '/virtualmachines-mutate',
    operations: ['CREATE', 'UPDATE'],
    resource: 'virtualmachines',
  },
  {
    name: 'virtualmachineinstances-mutator.kubevirt.io',
    path: '/virtualmachineinstances-mutate',
    operations: ['CREATE', 'UPDATE'],
    resource: 'virtualmachineinstances',
  },
];

const validating: readonly Hook[] = [
  {
    name: 'virtualmachineinstances-create-validator.kubevirt.io',
    path: '/virtualmachineinstances-validate-create',
    operations: ['CREATE'],
    resource: 'virtualmachineinstances',
  },
  {
    name: 'virtualmachineinstances-update-validator.kubevirt.io',
    path: '/virtualmachineinstances-validate-update',
    operations: ['UPDATE'],
    resource: 'virtualmachineinstances',
  },
  {
    name: 'virtualmachine-validator.kubevirt.io',
    path: '/virtualmachines-validate',
    operations: ['CREATE', 'UPDATE'],
    resource: 'virtualmachines',
  },
  {
    name: 'virtualmachinereplicaset-validator.kubevirt.io',
    path: '/virtualmachinereplicaset-validate',
    operations: ['CREATE', 'UPDATE'],
    resource: 'virtualmachineinstancereplicasets',
  },
];

/**
 * The webhook configurations of the double. KubeVirt's own fail closed and give 10 seconds.
 *
 * @param url of the admission server
 * @param authority PEM
 */
export function webhookConfigurations(url: string, authority: string): KubernetesObject[] {
  const configuration = (kind: string, name: string, hooks: readonly Hook[]) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name, labels: { 'kubevirt.io': '' } },
    webhooks: hooks.map(({ name: hookName, path, operations, resource }) => ({
      name: hookName,
      clientConfig: { url: `${url}${path}`, caBundle: Buffer.from(authority).toString('base64') },
      rules: [{ operations, apiGroups: ['kubevirt.io'], apiVersions: ['v1'], resources: [resource] }],
      failurePolicy: 'Fail',
      sideEffects: 'None',
      timeoutSeconds: 10,
      admissionReviewVersions: ['v1'],
    })),
  });
  return [
    configuration('MutatingWebhookConfiguration', 'virt-api-mutator', mutating),
    configuration('ValidatingWebhookConfiguration', 'virt-api-validator', validating),
  ];
}
