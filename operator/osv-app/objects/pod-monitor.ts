import { managementPort, type OsvApp, scrapeJobs } from '@osv/contracts';
import { instanceSelector, labels } from '../labels.ts';
import { companionMetadata, type Owner } from './owner.ts';

/**
 * Tells the Prometheus operator to read the guests. The launcher pod declares no port of the guest, so the address is
 * made from the pod's own (Prometheus operator API, PodMetricsEndpoint: portNumber finds nothing there). Targets get the
 * labels on which dashboards and alerts stand (contracts/scrape.ts).
 */
export function podMonitor(owner: Owner, spec: OsvApp['spec']) {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: companionMetadata(owner),
    spec: {
      selector: { matchLabels: instanceSelector(owner.name) },
      podTargetLabels: [labels.revision],
      podMetricsEndpoints: [
        {
          path: '/metrics',
          ...(spec.metrics?.interval ? { interval: spec.metrics.interval } : {}),
          relabelings: [
            // Prometheus sees a target in every container, those of initialisation too.
            { action: 'keep', sourceLabels: ['__meta_kubernetes_pod_container_name'], regex: 'compute' },
            addressOf('([^:]+)', `$1:${managementPort}`),
            // An IPv6 address needs brackets before a port.
            addressOf('(.*:.*)', `[$1]:${managementPort}`),
            { action: 'replace', targetLabel: 'job', replacement: scrapeJobs.guest },
            { action: 'replace', targetLabel: 'app', replacement: owner.name },
            // KubeVirt writes the instance's name there; the pod's own name is another.
            {
              action: 'replace',
              sourceLabels: ['__meta_kubernetes_pod_annotation_kubevirt_io_domain'],
              targetLabel: 'instance',
            },
          ],
        },
      ],
    },
  };
}

/** @param regex matches the whole of a pod's address */
function addressOf(regex: string, replacement: string) {
  const sourceLabels = ['__meta_kubernetes_pod_ip'];
  return { action: 'replace', sourceLabels, regex, targetLabel: '__address__', replacement };
}
