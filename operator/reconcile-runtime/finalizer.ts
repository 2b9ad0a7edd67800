import type { ApiClient } from '../kubernetes/api-client.ts';
import { ApiError, isNotFound } from '../kubernetes/api-error.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import type { Resource } from '../kubernetes/resource.ts';

export function hasFinalizer(object: Readonly<KubernetesObject>, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Whether somebody has asked for the object's deletion. */
export function isBeingDeleted(object: Readonly<KubernetesObject>): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/**
 * Puts the finalizer on the object, before the first effect outside the cluster. Writes only where it is missing.
 *
 * @returns the object as it is now
 * @throws ApiError `conflict` when the object has changed since it was read, or is being deleted: look again
 *
 * ```ts
 * if (isBeingDeleted(app)) { await cleanUp(app); await removeFinalizer(client, resources.osvApps, app, finalizer); }
 * else await addFinalizer(client, resources.osvApps, app, finalizer);
 * ```
 */
export async function addFinalizer<T extends KubernetesObject>(
  client: Pick<ApiClient, 'mergePatch'>,
  resource: Resource<T>,
  object: Readonly<T>,
  finalizer: string,
): Promise<Readonly<T>> {
  if (hasFinalizer(object, finalizer)) return object;
  if (isBeingDeleted(object)) {
    const message = `${resource.kind} ${object.metadata.name} is being deleted and takes no new finalizer.`;
    throw new ApiError(message, { status: 409, reason: 'Conflict' });
  }
  return write(client, resource, object, [...(object.metadata.finalizers ?? []), finalizer]);
}

/**
 * Takes the finalizer off the object, after everything outside the cluster is clean, and lets it go.
 *
 * @returns the object, or undefined when it was gone already
 * @throws ApiError `conflict` when the object has changed since it was read: look again
 */
export async function removeFinalizer<T extends KubernetesObject>(
  client: Pick<ApiClient, 'mergePatch'>,
  resource: Resource<T>,
  object: Readonly<T>,
  finalizer: string,
): Promise<Readonly<T> | undefined> {
  if (!hasFinalizer(object, finalizer)) return object;
  const rest = (object.metadata.finalizers ?? []).filter((other) => other !== finalizer);
  try {
    return await write(client, resource, object, rest);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The list is written whole, so it must be the one that was read: hence the version, and the uid with it. */
function write<T extends KubernetesObject>(
  client: Pick<ApiClient, 'mergePatch'>,
  resource: Resource<T>,
  { metadata }: Readonly<T>,
  finalizers: string[],
): Promise<T> {
  const { uid, resourceVersion } = metadata;
  return client.mergePatch(resource, metadata, { metadata: { uid, resourceVersion, finalizers } });
}
