/** `metadata.ownerReferences` of an object that goes when its owner goes. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/**
 * `metadata` of every object, as it travels in JSON (times are RFC 3339 strings, not `Date`).
 * Everything that the server fills in is optional, since objects to be written lack it.
 */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  labels?: { [key: string]: string };
  annotations?: { [key: string]: string };
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  managedFields?: { manager?: string; operation?: string; subresource?: string; time?: string; fieldsV1?: object }[];
}

/** Any object of the API. `apiVersion` and `kind` may be left out where a {@link Resource} says them. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** Names one object; without a namespace one that belongs to the cluster. */
export interface ObjectReference {
  namespace?: string;
  name: string;
}

/**
 * `namespace/name`, or `name` for an object of the cluster: the key of caches and work queues, as in client-go.
 *
 * ```ts
 * keyOf({ namespace: 'shop', name: 'redis' }); // shop/redis
 * ```
 */
export function keyOf({ namespace, name }: ObjectReference): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** The reverse of {@link keyOf}. */
export function referenceOf(key: string): ObjectReference {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
