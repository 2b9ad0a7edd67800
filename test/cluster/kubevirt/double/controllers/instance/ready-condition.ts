import type { Condition } from '../../types.ts';
import type { StateInput } from './next-state.ts';
import { isDownOrGoingDown } from './pods.ts';

/** The instance's Ready is its pod's, once the guest runs (syncReadyConditionFromPod in lifecycle.go of KubeVirt). */
export function readyCondition({ instance, pod, now }: StateInput): Condition {
  const notReady = (reason: string, message: string): Condition => ({
    type: 'Ready',
    status: 'False',
    reason,
    message,
    lastProbeTime: now,
    lastTransitionTime: now,
  });
  if (!pod) return notReady('PodNotExists', 'there is no launcher pod');
  if (isDownOrGoingDown(pod)) return notReady('PodTerminating', 'the launcher pod ends');
  if (instance.status?.phase !== 'Running') return notReady('GuestNotRunning', 'the guest does not run');
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  if (!ready) return notReady('PodConditionMissing', 'the launcher pod has no condition Ready');
  const { status, reason, message, lastTransitionTime, lastProbeTime } = ready;
  return {
    type: 'Ready',
    status,
    ...(reason && { reason }),
    ...(message && { message }),
    lastProbeTime: lastProbeTime ?? null,
    lastTransitionTime: lastTransitionTime ?? null,
  };
}
