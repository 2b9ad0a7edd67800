import type { OsvApp } from '@osv/operator/kubernetes';
import { formatBytes } from '../../output/age.ts';
import { formatListing, type Listing, type OutputFormat } from '../../output/listing.ts';
import { appTitle } from '../app-name.ts';
import { type Explanation, readiness } from './explain.ts';

type Instance = NonNullable<NonNullable<OsvApp['status']>['instances']>[number];

/** What `osv status` shows of an app: plain words, or the same as data. */
export async function showStatus(app: OsvApp, explanation: Explanation, format: OutputFormat): Promise<string> {
  const { name, namespace } = app.metadata;
  const data = { name, namespace, ready: readiness(app), ...explanation, status: app.status ?? {} };
  if (format === 'json') return `${JSON.stringify(data, undefined, 2)}\n`;
  if (format === 'yaml') return (await import('yaml')).stringify(data);
  if (format === 'name') return `${appTitle(name)}\n`;
  return appText(app, explanation);
}

async function appText(app: OsvApp, { state, summary, findings }: Explanation): Promise<string> {
  const { name, namespace } = app.metadata;
  const instances = app.status?.instances ?? [];
  const blocks = [
    `${name} in namespace ${namespace}: ${state}, ${readiness(app)} ready\n${summary.map((text) => `  ${text}\n`).join('')}`,
    imageText(app),
    instances.length > 0 ? await formatListing(instanceListing, instances, 'table') : '',
    findings
      .map(({ reason, message, remedy }) => `${reason}: ${message}\n${remedy ? `  What to do: ${remedy}\n` : ''}`)
      .join(''),
  ];
  return blocks.filter(Boolean).join('\n');
}

function imageText({ status }: OsvApp): string {
  const { reference, sizeBytes, kernelVersion } = status?.image ?? {};
  if (!reference) return '';
  const facts = [
    ...(sizeBytes === undefined ? [] : [formatBytes(sizeBytes)]),
    ...(kernelVersion === undefined ? [] : [`kernel ${kernelVersion}`]),
  ];
  return `Image: ${reference}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}\n`;
}

const instanceListing: Listing<Instance> = {
  name: ({ name }) => name,
  columns: [
    { title: 'INSTANCE', value: ({ name }) => name },
    { title: 'PHASE', value: ({ phase }) => phase ?? '-' },
    { title: 'ADDRESS', value: ({ address }) => address ?? '-' },
    { title: 'NODE', value: ({ node }) => node ?? '-' },
    { title: 'BOOT', value: ({ bootMilliseconds: boot }) => (boot === undefined ? '-' : `${boot.toFixed(1)}ms`) },
    { title: 'ENDED', value: endText },
  ],
};

/** How it ended before, with the number of times. */
function endText({ restarts, lastTermination: last }: Instance): string {
  return last ? `${restarts ?? 1}x, ${last.reason ?? 'unknown'}` : '-';
}
