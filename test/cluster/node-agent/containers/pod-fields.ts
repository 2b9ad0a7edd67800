import type { Pod } from '@osv/operator/kubernetes';
import { NodeAgentError } from '../error.ts';
import { hostAddress } from '../node/node-object.ts';

/** A field of a pod as the downward API shows it. @throws NodeAgentError unsupported */
export function podField(pod: Readonly<Pod>, path: string, podAddress: string): string {
  const { metadata, spec } = pod;
  const entry = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (entry) return metadata[entry[1] as 'labels' | 'annotations']?.[entry[2] ?? ''] ?? '';
  const fields: Record<string, string> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace ?? '',
    'metadata.uid': metadata.uid ?? '',
    'metadata.labels': lines(metadata.labels),
    'metadata.annotations': lines(metadata.annotations),
    'spec.nodeName': spec?.nodeName ?? '',
    'spec.serviceAccountName': spec?.serviceAccountName ?? '',
    'status.podIP': podAddress,
    'status.podIPs': podAddress,
    'status.hostIP': hostAddress,
    'status.hostIPs': hostAddress,
  };
  const value = fields[path];
  if (value === undefined) throw new NodeAgentError('unsupported', `The node agent knows no field ${path} of a pod.`);
  return value;
}

function lines(entries: Readonly<Record<string, string>> = {}): string {
  return Object.keys(entries)
    .sort()
    .map((key) => `${key}=${JSON.stringify(entries[key])}`)
    .join('\n');
}
