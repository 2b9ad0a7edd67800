import type { OsvApp, VirtualMachineInstanceReplicaSet } from '@osv/operator/kubernetes';
import { replicaSet } from '@osv/operator/osv-app/objects/replica-set.ts';
import { type RevisionSpec, revisionSpec } from '@osv/operator/osv-app/revision.ts';
import type { Condition, ConditionType } from '../cluster/conditions.ts';

type Drafts = Partial<Record<ConditionType, [status: Condition['status'], reason: string, message?: string]>>;

const healthy: Drafts = {
  ImageReady: ['True', 'Built'],
  Compatible: ['True', 'Complete'],
  Available: ['True', 'MinimumInstancesReady', '2 of 2 instances are ready.'],
  Progressing: ['True', 'RolloutComplete', 'Every instance runs revision 0123456789.'],
  MetricsFlowing: ['True', 'GuestsAnswer'],
  Degraded: ['False', 'AsExpected', 'Nothing is wrong.'],
};

/** The app redis in the namespace shop, with conditions that differ from those of one in order. */
export function clusterApp(conditions: Drafts = {}, spec: Partial<OsvApp['spec']> = {}): OsvApp {
  return {
    apiVersion: 'osvapp.dev/v1alpha1',
    kind: 'OsvApp',
    metadata: { name: 'redis', namespace: 'shop', uid: 'app-uid', generation: 1 },
    spec: { source: { packages: { names: ['redis-server'] } }, replicas: 2, ...spec },
    status: {
      observedGeneration: 1,
      replicas: 2,
      readyReplicas: 2,
      updatedReplicas: 2,
      conditions: Object.entries({ ...healthy, ...conditions }).map(([type, [status, reason, message = reason]]) => ({
        type,
        status,
        reason,
        message,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      })),
    },
  };
}

/** A revision's replica set as the operator makes it. */
export function revisionSet(
  app: OsvApp,
  number: number,
  spec: Partial<RevisionSpec> = {},
  image = `registry.example/redis@sha256:${'0'.repeat(63)}${number}`,
): VirtualMachineInstanceReplicaSet {
  const { name, namespace = '', uid = '' } = app.metadata;
  const plan = {
    owner: { name, namespace, uid },
    spec: { ...revisionSpec(app.spec), ...spec },
    revision: `${number}`.repeat(10),
    imageReference: image,
    bootSecretName: `${name}-boot`,
    memoryBytes: 64 * 1024 * 1024,
  };
  return replicaSet(plan, number, 0, false) as unknown as VirtualMachineInstanceReplicaSet;
}
