import type { OsvApp } from '@osv/contracts';
import { instanceSelector } from '../labels.ts';
import { companionMetadata, type Owner } from './owner.ts';

/** The Service with the app's name; undefined for an app that declares no ports. */
export function service(owner: Owner, spec: OsvApp['spec']) {
  const ports = (spec.ports ?? []).map(({ name, port, protocol = 'TCP' }) => ({
    // Several ports must have names; one that has none gets a name that is unique by construction.
    name: name ?? `${protocol.toLowerCase()}-${port}`,
    port,
    targetPort: port,
    protocol,
  }));
  if (ports.length === 0) return undefined;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: companionMetadata(owner),
    spec: { type: 'ClusterIP', selector: instanceSelector(owner.name), ports },
  };
}
