import type { OsvApp } from '@osv/operator/kubernetes';
import { formatAge } from '../output/age.ts';
import type { Listing } from '../output/listing.ts';
import { appTitle } from './app-name.ts';
import { readiness, stateOf } from './explain/explain.ts';

/** The columns of a cluster's apps; what kubectl's own listing cannot tell is STATE. */
export function appListing(now: Date, allNamespaces: boolean): Listing<OsvApp> {
  const namespace = { title: 'NAMESPACE', value: (app: OsvApp) => app.metadata.namespace ?? '' };
  return {
    name: ({ metadata }) => appTitle(metadata.name),
    data: ({ metadata: { managedFields: _, ...metadata }, ...app }) => ({ ...app, metadata }),
    columns: [
      ...(allNamespaces ? [namespace] : []),
      { title: 'NAME', value: ({ metadata }) => metadata.name },
      { title: 'READY', value: readiness },
      { title: 'STATE', value: stateOf },
      { title: 'UPDATED', value: ({ status }) => `${status?.updatedReplicas ?? 0}` },
      { title: 'BOOT', value: bootText },
      { title: 'KERNEL', value: ({ status }) => status?.image?.kernelVersion ?? '-', wide: true },
      { title: 'IMAGE', value: ({ status }) => status?.image?.reference ?? '-', wide: true },
      { title: 'AGE', value: ({ metadata }) => formatAge(new Date(metadata.creationTimestamp ?? now), now) },
    ],
  };
}

function bootText({ status }: OsvApp): string {
  const boots = (status?.instances ?? []).flatMap(({ bootMilliseconds }) => bootMilliseconds ?? []);
  return boots.length === 0 ? '-' : `${Math.max(...boots).toFixed(1)}ms`;
}
