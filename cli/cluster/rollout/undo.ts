import { isConflict, type OsvApp, resources } from '@osv/operator/kubernetes';
import { revisionSpec } from '@osv/operator/osv-app/revision.ts';
import { CommandError } from '../../command-error.ts';
import { getApp } from '../app.ts';
import { appTitle } from '../app-name.ts';
import type { ClusterConnection } from '../connect.ts';
import { changedFields, chooseRevision, listRevisions, type Revision } from '../revisions.ts';
import { difference } from './difference.ts';

export interface UndoOptions {
  /** 0: the last revision that is not the current one. */
  toRevision: number;
  dryRun?: boolean;
  /** For hints: `osv` or `kubectl osv`. */
  programName: string;
}

const triesMax = 5;

/**
 * Writes the fields of an old revision back into the app's spec, and takes away those that it did not have; the
 * operator then rolls to it as to any other change.
 *
 * @returns a sentence for the person who called
 * @throws CommandError app-not-found, no-revision, paused
 */
export async function undo(connection: ClusterConnection, name: string, options: UndoOptions): Promise<string> {
  for (let tries = 1; ; tries++) {
    const app = await getApp(connection, name);
    if (app.spec.paused) {
      const remedy = `${options.programName} rollout resume ${name} lets it, then undo again`;
      throw new CommandError('paused', `${name} is paused, and a paused app does not roll back: ${remedy}.`);
    }
    const revision = chooseRevision(app, await listRevisions(connection, app), options.toRevision);
    const changed = changedFields(revisionSpec(app.spec), revision.spec);
    if (changed.length === 0) return nothingToUndo(app, revision);
    if (options.dryRun) {
      return `${appTitle(name)} would be rolled back to revision ${revision.number}: ${changed.join(', ')} (dry run)`;
    }
    try {
      await connection.client.mergePatch(resources.osvApps, app.metadata, undoPatch(app, revision));
      return `${appTitle(name)} rolled back to revision ${revision.number}`;
    } catch (error) {
      // Somebody, often the operator with its status, wrote in between.
      if (!isConflict(error) || tries === triesMax) throw error;
    }
  }
}

/** With the version that was read, so that nobody's change in between is mixed with the old fields. */
export function undoPatch(app: OsvApp, { spec }: Pick<Revision, 'spec'>): object {
  const { resourceVersion, uid } = app.metadata;
  return { metadata: { resourceVersion, uid }, spec: difference(revisionSpec(app.spec), spec) };
}

function nothingToUndo(app: OsvApp, { number, current }: Revision): string {
  const { name } = app.metadata;
  if (current) return `${appTitle(name)} skipped rollback (its spec is that of revision ${number} already)`;
  throw new CommandError(
    'no-revision',
    `Revision ${number} of ${name} has the same spec as now. It differs in its image or in what ConfigMaps and Secrets held, which the spec only names: put those back, or choose another with --to-revision.`,
  );
}
