import type { KubernetesObject, ObjectMeta, ObjectReference } from './object.ts';

/** A kind of object and where the API server keeps it; `T` is the type of one object. */
export interface Resource<T extends KubernetesObject = KubernetesObject> {
  /** Empty for the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  /** Only for the compiler: ties the resource to its type. Never set. */
  readonly objectType?: T;
}

/** `v1` or `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group ? `${group}/${version}` : version;
}

/**
 * Path of a collection, or of one object, on the API server.
 *
 * @param reference without a name: the collection in that namespace; without a namespace: in all of them
 * @throws TypeError when a namespaced object is named without its namespace, which would address the collection
 *
 * ```ts
 * resourcePath(resources.pods, { namespace: 'shop', name: 'redis' }, 'status');
 * // /api/v1/namespaces/shop/pods/redis/status
 * ```
 */
export function resourcePath(resource: Resource, reference: Partial<ObjectReference>, subresource?: string): string {
  const { group, version, plural, namespaced } = resource;
  const { namespace, name } = reference;
  if (name === '') throw new TypeError(`An object of ${plural} has an empty name.`);
  if (namespaced && name !== undefined && !namespace) {
    throw new TypeError(`${plural} live in namespaces, and ${name} was named without one.`);
  }
  const parts = group ? ['apis', group, version] : ['api', version];
  if (namespaced && namespace) parts.push('namespaces', namespace);
  parts.push(plural);
  if (name !== undefined) parts.push(name);
  if (subresource) parts.push(subresource);
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** Whether two objects are the same one, not merely one with the same name. */
export function sameObject(left: { metadata: ObjectMeta }, right: { metadata: ObjectMeta }): boolean {
  return left.metadata.uid === right.metadata.uid;
}
