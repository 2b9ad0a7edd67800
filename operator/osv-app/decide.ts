import { setCondition } from '../reconcile-runtime/index.ts';
import type { AppStatus, ConditionDraft, Decision, Observed, StageOutcome } from './model.ts';
import type { ManagementPeer } from './objects/network-policy.ts';
import { ensureCompanions, ensureNetworkPolicy } from './stages/ensure-companions.ts';
import { ensureImage } from './stages/ensure-image.ts';
import { ensureInstances } from './stages/ensure-instances.ts';
import { reportInstances } from './stages/report-instances.ts';
import { unsupportedFields } from './stages/unsupported.ts';

export interface DecideOptions {
  /** Pods that may read the guests' management port. */
  readonly managementPeers: readonly ManagementPeer[];
}

/** From what is observed to what is to be done: pure, and the same again for the same observation. */
export function decide(observed: Observed, options: DecideOptions): Decision {
  const unsupported = unsupportedFields(observed.app.spec);
  const image = ensureImage(observed, unsupported);
  const outcomes: StageOutcome[] = [
    image,
    ensureNetworkPolicy(observed, options.managementPeers),
    ensureInstances(observed, image.image, unsupported),
    ensureCompanions(observed),
    reportInstances(observed),
  ];
  const requeues = outcomes.flatMap(({ requeueAfterSeconds }) => requeueAfterSeconds ?? []);
  return {
    actions: outcomes.flatMap(({ actions }) => actions ?? []),
    status: putTogether(observed, outcomes),
    requeueAfterSeconds: requeues.length > 0 ? Math.min(...requeues) : undefined,
  };
}

function putTogether({ app, now, image }: Observed, outcomes: readonly StageOutcome[]): AppStatus {
  const generation = app.metadata.generation;
  const drafts = outcomes.flatMap(({ conditions }): readonly ConditionDraft[] => conditions ?? []);
  const conditions = drafts.reduce(
    (list, draft) =>
      setCondition(list, { ...draft, ...(generation === undefined ? {} : { observedGeneration: generation }) }, now),
    app.status?.conditions ?? [],
  );
  // The image that runs stays in the status while the next one is built.
  const before = app.status?.image && image.state.state !== 'built' ? { image: app.status.image } : {};
  return Object.assign(
    {},
    generation === undefined ? {} : { observedGeneration: generation },
    before,
    ...outcomes.map(({ status }) => status ?? {}),
    { conditions },
  ) as AppStatus;
}
