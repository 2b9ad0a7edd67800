import type { OsvApp } from '@osv/contracts';
import { appLabels, instanceSelector, labels, managementPort } from '../labels.ts';
import { type Owner, ownerReference } from './owner.ts';

/**
 * Tells the Prometheus operator to read the guests. The launcher pod declares no port of the guest, so the address is
 * made from the pod's own (Prometheus operator API, PodMetricsEndpoint: portNumber finds nothing there).
 */
export function podMonitor(owner: Owner, spec: OsvApp['spec']) {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: {
      name: owner.name,
      namespace: owner.namespace,
      labels: appLabels(owner.name),
      ownerReferences: [ownerReference(owner)],
    },
    spec: {
      selector: { matchLabels: instanceSelector(owner.name) },
      podTargetLabels: [labels.app, labels.revision],
      podMetricsEndpoints: [
        {
          path: '/metrics',
          ...(spec.metrics?.interval ? { interval: spec.metrics.interval } : {}),
          relabelings: [
            {
              action: 'replace',
              sourceLabels: ['__meta_kubernetes_pod_ip'],
              regex: '(.+)',
              targetLabel: '__address__',
              replacement: `$1:${managementPort}`,
            },
          ],
        },
      ],
    },
  };
}
