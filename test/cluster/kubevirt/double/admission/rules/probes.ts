import type { Spec } from '../../types.ts';
import { type Causes, invalid, required } from '../cause.ts';

const handlers = ['httpGet', 'tcpSocket', 'exec', 'guestAgentPing'] as const;
const probes = ['readinessProbe', 'livenessProbe'] as const;

/** validateProbe in vmi-create-admitter.go of KubeVirt. */
export function* probesHaveOneHandler(path: string, spec: Spec): Causes {
  for (const name of probes) {
    const probe = spec[name];
    if (!probe) continue;
    const field = `${path}.${name}`;
    const count = handlers.filter((handler) => probe[handler]).length;
    if (count > 1) yield invalid(field, `${field} has more than one handler`);
    if (count === 0) yield required(field, `${field} needs one of tcpSocket, exec, httpGet and guestAgentPing`);
  }
}

/** appendStatusCauseForProbeNotAllowedWithNoPodNetworkPresent. */
export function* networkProbesNeedPodNetwork(path: string, spec: Spec): Causes {
  if (spec.networks?.some(({ pod }) => pod)) return;
  for (const name of probes) {
    for (const handler of ['httpGet', 'tcpSocket'] as const) {
      const field = `${path}.${name}.${handler}`;
      if (spec[name]?.[handler]) yield invalid(field, `${field} needs the pod network`);
    }
  }
}
