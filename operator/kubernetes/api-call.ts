import { keyOf, type ObjectReference } from './object.ts';
import type { Priority } from './rate-limit.ts';
import type { Resource } from './resource.ts';
import type { Repeatable } from './retry.ts';
import type { Exchange } from './transport.ts';

type Query = Record<string, string | number | boolean | undefined>;

/** One request about objects of a resource. */
export interface ApiCall extends Pick<Exchange, 'method' | 'body' | 'signal'> {
  resource: Resource;
  verb: string;
  reference?: Partial<ObjectReference>;
  subresource?: string | undefined;
  query?: Query;
  contentType?: string;
  repeatable?: Repeatable;
  priority?: Priority | undefined;
}

/** Whoever leads has to renew its lease in time, however much else waits; events only tell of what was done. */
export function priorityOf({ resource, priority }: Pick<ApiCall, 'resource' | 'priority'>): Priority {
  if (resource.group === 'coordination.k8s.io') return 'high';
  return priority ?? (resource.plural === 'events' ? 'low' : 'normal');
}

export function pathReference({ namespace, name }: Partial<ObjectReference>): Partial<ObjectReference> {
  return { ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }) };
}

/** What a call does, for messages: "Reading pods shop/redis". */
export function describe({ verb, resource, reference = {}, subresource }: ApiCall): string {
  const words: Record<string, string> = {
    get: 'Reading',
    list: 'Listing',
    watch: 'Watching',
    create: 'Creating one of',
    apply: 'Applying',
    patch: 'Patching',
    delete: 'Deleting',
  };
  const { namespace, name } = reference;
  const which = name ? ` ${keyOf({ ...(namespace && { namespace }), name })}` : namespace ? ` in ${namespace}` : '';
  return `${words[verb] ?? verb} ${subresource ? `${subresource} of ` : ''}${resource.plural}${which}`;
}

export function selectors({ labelSelector, fieldSelector }: { labelSelector?: string; fieldSelector?: string }): Query {
  return { labelSelector, fieldSelector };
}

export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const text = parameters.toString();
  return text ? `${path}${path.includes('?') ? '&' : '?'}${text}` : path;
}
