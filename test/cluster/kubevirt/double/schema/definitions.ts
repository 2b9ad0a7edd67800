import type { CustomResourceDefinition } from '@osv/operator/kubernetes';
import { loadDefinitions } from './json-schema.ts';
import { structuralSchemaOf } from './structural.ts';

interface Column {
  name: string;
  type: 'date' | 'integer' | 'string';
  jsonPath: string;
  priority?: number;
}

interface Kind {
  kind: string;
  plural: string;
  shortNames: string[];
  subresources?: object;
  columns: Column[];
}

const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function conditionColumn(name: string, type: string, priority?: number): Column {
  const jsonPath = `.status.conditions[?(@.type=='${type}')].status`;
  return { name, type: 'string', jsonPath, ...(priority === undefined ? {} : { priority }) };
}

/** Names, subresources and columns as KubeVirt's own definitions have them (1.9). */
const kinds: readonly Kind[] = [
  {
    kind: 'VirtualMachineInstance',
    plural: 'virtualmachineinstances',
    shortNames: ['vmi', 'vmis'],
    columns: [
      age,
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'IP', type: 'string', jsonPath: '.status.interfaces[0].ipAddress' },
      { name: 'NodeName', type: 'string', jsonPath: '.status.nodeName' },
      conditionColumn('Ready', 'Ready'),
      conditionColumn('Live-Migratable', 'LiveMigratable', 1),
      conditionColumn('Paused', 'Paused', 1),
    ],
  },
  {
    kind: 'VirtualMachineInstanceReplicaSet',
    plural: 'virtualmachineinstancereplicasets',
    shortNames: ['vmirs', 'vmirss'],
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.labelSelector',
      },
    },
    columns: [
      { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas' },
      { name: 'Current', type: 'integer', jsonPath: '.status.replicas' },
      { name: 'Ready', type: 'integer', jsonPath: '.status.readyReplicas' },
      age,
    ],
  },
  {
    kind: 'VirtualMachine',
    plural: 'virtualmachines',
    shortNames: ['vm', 'vms'],
    subresources: { status: {} },
    columns: [
      age,
      { name: 'Status', type: 'string', jsonPath: '.status.printableStatus' },
      conditionColumn('Ready', 'Ready'),
    ],
  },
];

/** CustomResourceDefinitions of the kinds that the double knows, with full structural schemas. */
export async function customResourceDefinitions(): Promise<CustomResourceDefinition[]> {
  const definitions = await loadDefinitions();
  return kinds.map(({ kind, plural, shortNames, subresources, columns }) => {
    const { properties = {}, required = [] } = structuralSchemaOf(`V1${kind}`, definitions);
    const openAPIV3Schema = { type: 'object', required, properties: { ...properties, metadata: { type: 'object' } } };
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.kubevirt.io`, labels: { 'kubevirt.io': '' } },
      spec: {
        group: 'kubevirt.io',
        scope: 'Namespaced',
        names: { kind, plural, singular: kind.toLowerCase(), shortNames, categories: ['all'] },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            ...(subresources ? { subresources } : {}),
            additionalPrinterColumns: columns,
            schema: { openAPIV3Schema },
          },
        ],
      },
    } as CustomResourceDefinition;
  });
}
