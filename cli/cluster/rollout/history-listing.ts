import { formatAge } from '../../output/age.ts';
import type { Listing } from '../../output/listing.ts';
import { appTitle } from '../app-name.ts';
import type { Revision } from '../revisions.ts';

/** The columns of an app's revisions. */
export function historyListing(now: Date): Listing<Revision> {
  return {
    name: ({ number }) => `${number}`,
    columns: [
      { title: 'REVISION', value: ({ number, current }) => `${number}${current ? ' *' : ''}` },
      { title: 'READY', value: ({ readyReplicas, replicas }) => `${readyReplicas}/${replicas}` },
      { title: 'IMAGE', value: ({ image }) => shortReference(image) },
      { title: 'CHANGED', value: ({ changed }) => changed.join(',') || '-' },
      { title: 'NAME', value: ({ name }) => name, wide: true },
      { title: 'DIGEST', value: ({ image }) => image.split('@')[1] ?? '-', wide: true },
      { title: 'AGE', value: ({ createdAt }) => formatAge(new Date(createdAt), now) },
    ],
  };
}

const digestLengthShown = 12;

/** `registry.example/apps/redis@sha256:0123…` as `redis@0123456789ab`. */
export function shortReference(reference: string): string {
  const [name = '', digest = ''] = reference.split('@');
  const shown = digest.split(':')[1]?.slice(0, digestLengthShown);
  return `${name.split('/').at(-1)}${shown ? `@${shown}` : ''}` || '-';
}

/** One revision in full, as `history --revision N` shows it. */
export async function revisionText(app: string, revision: Revision): Promise<string> {
  const { stringify } = await import('yaml');
  const { number, current, name, createdAt, image, replicas, readyReplicas, spec } = revision;
  return [
    `${appTitle(app)} with revision #${number}${current ? ' (current)' : ''}`,
    `Name:      ${name}`,
    `Created:   ${createdAt}`,
    `Image:     ${image}`,
    `Replicas:  ${replicas}, ${readyReplicas} ready`,
    'Spec:',
    stringify(spec, { lineWidth: 0 }).trimEnd().replaceAll(/^/gm, '  '),
    '',
  ].join('\n');
}
