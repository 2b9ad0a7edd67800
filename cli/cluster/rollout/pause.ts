import { resources } from '@osv/operator/kubernetes';
import { CommandError } from '../../command-error.ts';
import { getApp } from '../app.ts';
import { appTitle } from '../app-name.ts';
import type { ClusterConnection } from '../connect.ts';

/**
 * Holds the rollouts of an app, or lets them go on.
 *
 * @returns a sentence for the person who called
 * @throws CommandError app-not-found, or paused when there is nothing to change, as kubectl does
 */
export async function setPaused(connection: ClusterConnection, name: string, paused: boolean): Promise<string> {
  const app = await getApp(connection, name);
  if ((app.spec.paused ?? false) === paused) {
    throw new CommandError('paused', paused ? `${name} is paused already.` : `${name} is not paused.`);
  }
  const spec = { paused: paused ? true : null };
  await connection.client.mergePatch(resources.osvApps, app.metadata, { metadata: { uid: app.metadata.uid }, spec });
  return `${appTitle(name)} ${paused ? 'paused' : 'resumed'}`;
}
