import type { Observed, ObservedMachine, RunStrategy } from '../model.ts';
import { type BackOffRecord, backOffSeconds, remainingSeconds, rememberedSeconds } from './back-off.ts';

/**
 * How a machine is to run that no rollout touches. KubeVirt starts one that always runs again at once, however often it
 * crashes. So one that has crashed is Manual until that is forgotten, but for the moments when the delay is over and it
 * has no instance; the first restart is left to KubeVirt, as that of replica sets.
 */
export function heldStrategy(
  observed: Observed,
  machine: ObservedMachine,
  backOff: BackOffRecord | undefined,
): RunStrategy {
  const { instances, now } = observed;
  if (rememberedSeconds(backOff, now) === 0) return 'Always';
  if (machine.runStrategy !== 'Manual' && !hasCrashed(observed, machine)) return 'Always';
  const active = instances.some(({ ownerUid, leaving }) => ownerUid === machine.uid && !leaving);
  return active || remainingSeconds(backOff, now) > 0 ? 'Manual' : 'Always';
}

function hasCrashed({ app, crashes, crashesOfGone, now }: Observed, { name }: ObservedMachine): boolean {
  const ended = app.status?.instances?.find((instance) => instance.name === name)?.lastTermination?.finishedAt;
  const own = [...crashes, ...crashesOfGone].filter(({ instance }) => instance === name);
  const times = own.map(({ at }) => at.getTime());
  if (ended) times.push(Date.parse(ended));
  return times.some((time) => now.getTime() - time <= backOffSeconds.forgetAfter * 1000);
}
