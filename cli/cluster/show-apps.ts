import { type ApiClient, type OsvApp, resources } from '@osv/operator/kubernetes';
import type { Context } from '../context.ts';
import { formatListing, type OutputFormat, RowStream } from '../output/listing.ts';
import { listApps } from './app.ts';
import { appListing } from './app-listing.ts';
import { follow } from './follow.ts';

interface Selection {
  namespace?: string;
  labelSelector?: string;
}

export interface ShowAppsOptions {
  selection: Selection;
  output: OutputFormat;
}

type Output = Pick<Context, 'stdout' | 'progress'>;

export async function showApps(output: Output, client: ApiClient, options: ShowAppsOptions): Promise<void> {
  const { selection, output: format } = options;
  const apps = await listApps(client, selection);
  if (apps.length === 0 && (format === 'table' || format === 'wide')) {
    output.progress.line(
      selection.namespace ? `There are no apps in namespace ${selection.namespace}.` : 'There are no apps.',
    );
    return;
  }
  output.stdout.write(await formatListing(appListing(new Date(), !selection.namespace), apps, format));
}

/** Lists apps and goes on with a row for each change, until the signal is aborted. */
export async function watchApps(
  { stdout, progress }: Output,
  client: ApiClient,
  { selection, output, signal }: ShowAppsOptions & { signal: AbortSignal },
): Promise<void> {
  // Says that there is no operator, which a watch would not.
  await listApps(client, selection);
  const rows = new RowStream<OsvApp>(output);
  const onTrouble = (message: string) => progress.line(message);
  let first: OsvApp[] | undefined = [];
  for await (const event of follow(client, resources.osvApps, { ...selection, signal, onTrouble })) {
    const listing = appListing(new Date(), !selection.namespace);
    if (event.type === 'listed') {
      if (first) stdout.write(await rows.next(listing, first));
      first = undefined;
    } else if (first) first.push(event.object);
    else stdout.write(await rows.next(listing, [event.type === 'deleted' ? goingAway(event.object) : event.object]));
  }
}

/** A deleted object looks as it last was; its row is to say that it goes. */
function goingAway(app: OsvApp): OsvApp {
  const { deletionTimestamp = new Date().toISOString() } = app.metadata;
  return { ...app, metadata: { ...app.metadata, deletionTimestamp } };
}
