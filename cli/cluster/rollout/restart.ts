import { resources } from '@osv/operator/kubernetes';
import { CommandError } from '../../command-error.ts';
import { getApp } from '../app.ts';
import { appTitle } from '../app-name.ts';
import type { ClusterConnection } from '../connect.ts';

/**
 * Makes a new revision that differs in nothing but the time of its restart, so that the operator rolls to it.
 *
 * @returns a sentence for the person who called
 * @throws CommandError app-not-found, paused
 */
export async function restart(
  connection: ClusterConnection,
  name: string,
  { now, programName }: { now: Date; programName: string },
): Promise<string> {
  const { metadata, spec } = await getApp(connection, name);
  if (spec.paused) {
    const remedy = `${programName} rollout resume ${name} lets it, then restart again`;
    throw new CommandError('paused', `${name} is paused, and a paused app does not restart: ${remedy}.`);
  }
  const restartedAt = now.toISOString().replace(/\.\d+Z$/, 'Z');
  const patch = { metadata: { uid: metadata.uid }, spec: { restartedAt } };
  const patched = await connection.client.mergePatch(resources.osvApps, metadata, patch);
  if (patched.spec.restartedAt !== restartedAt) {
    const remedy = 'upgrade the definition of OsvApps with the operator (docs/guide/clusters.md)';
    throw new CommandError('unsupported', `This cluster's OsvApps have no spec.restartedAt: ${remedy}.`);
  }
  return `${appTitle(name)} restarted`;
}
