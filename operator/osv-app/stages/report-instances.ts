import type { AppStatus, ConditionDraft, Observed, StageOutcome } from '../model.ts';
import { InstanceHistories } from './instance-history.ts';

/** As many as the schema allows; a status must stay small however many instances there are. */
const instancesMax = 100;

/** Owns MetricsFlowing and status.instances. */
export function reportInstances(observed: Observed): StageOutcome {
  return { conditions: [metricsFlowing(observed)], status: { instances: instances(observed) } };
}

function instances(observed: Observed): NonNullable<AppStatus['instances']> {
  const { app, instances, guests } = observed;
  const histories = new InstanceHistories(observed);
  // An operator that has just started has asked nobody yet; what the one before it learned stays true.
  const known = new Map(app.status?.instances?.map(({ name, bootMilliseconds }) => [name, bootMilliseconds]));
  const present = [...instances]
    .sort((left, right) => left.createdAt.getTime() - right.createdAt.getTime() || (left.name < right.name ? -1 : 1))
    .flatMap((instance) => {
      const history = histories.of(instance);
      if (!history) return [];
      const boot = guests.get(instance.uid)?.bootMilliseconds ?? known.get(instance.name);
      return [
        {
          name: instance.name,
          ...(instance.node ? { node: instance.node } : {}),
          ...(instance.address ? { address: instance.address } : {}),
          ...(instance.phase ? { phase: instance.phase } : {}),
          ...(boot === undefined ? {} : { bootMilliseconds: boot }),
          ...history,
        },
      ];
    });
  return [...present, ...histories.waiting()].slice(0, instancesMax);
}

function metricsFlowing({ app, instances, guests, silentGuests }: Observed): ConditionDraft {
  const running = instances.filter(({ phase, leaving }) => phase === 'Running' && !leaving);
  const silent = running.filter(({ uid }) => !guests.has(uid));
  if (running.length === 0) {
    return { type: 'MetricsFlowing', status: 'Unknown', reason: 'NothingRuns', message: 'No instance is running.' };
  }
  if (silent.length === 0) {
    const message = `${running.length} of ${running.length} instances have answered on their management port.`;
    return { type: 'MetricsFlowing', status: 'True', reason: 'GuestsAnswer', message };
  }
  const before = app.status?.conditions?.find(({ type }) => type === 'MetricsFlowing');
  if (before?.status === 'True' && !silent.some(({ uid }) => silentGuests.has(uid))) {
    // All have answered before, and those that have not since are only now being asked.
    return { type: 'MetricsFlowing', status: 'True', reason: 'GuestsAnswer', message: before.message };
  }
  const names = silent.map(({ name }) => name).sort();
  const message = `No answer yet from the management port of ${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}.`;
  return { type: 'MetricsFlowing', status: 'False', reason: 'GuestsSilent', message };
}
