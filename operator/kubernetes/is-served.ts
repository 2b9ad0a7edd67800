import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { Resource } from './resource.ts';

/**
 * Whether the API server knows this resource: custom ones, such as PodMonitor, may not be installed. Reading something
 * that is not served gives 404 for ever, which a cache could not tell from an empty list.
 *
 * @throws ApiError when the server cannot be asked
 *
 * ```ts
 * if (await isServed(client, resources.podMonitors)) await client.apply(resources.podMonitors, monitor);
 * ```
 */
export async function isServed(
  client: Pick<ApiClient, 'raw'>,
  { group, version, plural }: Pick<Resource, 'group' | 'version' | 'plural'>,
): Promise<boolean> {
  const path = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const { status, body } = await client.raw('GET', path);
  if (status === 404) return false;
  if (status !== 200) throw new ApiError(`Asking for ${path} gave status ${status}.`, { status });
  const { resources } = JSON.parse(body) as { resources?: { name: string }[] };
  return resources?.some(({ name }) => name === plural) ?? false;
}
