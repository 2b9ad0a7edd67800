import { managementPort, type OsvApp } from '@osv/contracts';
import { instanceSelector } from '../labels.ts';
import { companionMetadata, type Owner } from './owner.ts';

/** Pods that may speak to the management port of instances. */
export interface ManagementPeer {
  readonly namespaceLabels: Record<string, string>;
  readonly podLabels: Record<string, string>;
}

/** The app's own ports stay open to everybody; the management port is for the operator and Prometheus alone. */
export function networkPolicy(owner: Owner, spec: OsvApp['spec'], peers: readonly ManagementPeer[]) {
  const ports = (spec.ports ?? []).map(({ port, protocol = 'TCP' }) => ({ port, protocol }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: companionMetadata(owner),
    spec: {
      podSelector: { matchLabels: instanceSelector(owner.name) },
      policyTypes: ['Ingress'],
      ingress: [
        ...(ports.length > 0 ? [{ ports }] : []),
        ...(peers.length > 0
          ? [
              {
                from: peers.map(({ namespaceLabels, podLabels }) => ({
                  namespaceSelector: { matchLabels: namespaceLabels },
                  podSelector: { matchLabels: podLabels },
                })),
                ports: [{ port: managementPort, protocol: 'TCP' }],
              },
            ]
          : []),
      ],
    },
  };
}
