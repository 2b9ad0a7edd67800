import type { Node, PersistentVolumeClaim, Pod } from '@osv/operator/kubernetes';
import type { ObjectCache } from '@osv/operator/reconcile-runtime';
import type { Instance, Machine, ReplicaSet } from '../types.ts';

/** What the controllers know of the cluster. Pods and instances have an index `controller`, by UID of their owner. */
export interface Caches {
  pods: ObjectCache<Pod>;
  claims: ObjectCache<PersistentVolumeClaim>;
  instances: ObjectCache<Instance>;
  replicaSets: ObjectCache<ReplicaSet>;
  machines: ObjectCache<Machine>;
  nodes: ObjectCache<Node>;
}
