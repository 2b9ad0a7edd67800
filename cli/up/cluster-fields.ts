import type { LocalOsvApp } from '@osv/contracts';

type Spec = LocalOsvApp['spec'];

/** What a spec may ask for and one machine does not do, by the word that people know it by. */
const clusterFields: readonly (readonly [word: string, asked: (spec: Spec) => boolean])[] = [
  ['livenessProbe', ({ livenessProbe }) => livenessProbe !== undefined],
  ['drainSeconds', ({ drainSeconds }) => drainSeconds !== undefined],
  ['strategy', ({ strategy }) => strategy !== undefined],
  ['scheduling', ({ scheduling }) => scheduling !== undefined],
  ['metrics.interval', ({ metrics }) => metrics?.interval !== undefined],
  ['paused', ({ paused }) => paused === true],
];

/** A sentence about what an app does without on one machine; undefined when it lacks nothing. */
export function clusterFieldsNote({ metadata, spec }: LocalOsvApp): string | undefined {
  const words = clusterFields.filter(([, asked]) => asked(spec)).map(([word]) => word);
  return words.length === 0 ? undefined : `${metadata.name}: only on a cluster: ${words.join(', ')}.`;
}
