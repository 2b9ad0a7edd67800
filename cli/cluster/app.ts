import { nearest } from '@osv/contracts/osvapp/did-you-mean.ts';
import { type ApiClient, isNotFound, type ObjectReference, type OsvApp, resources } from '@osv/operator/kubernetes';
import { CommandError } from '../command-error.ts';
import type { ClusterConnection } from './connect.ts';

/** @throws CommandError app-not-found, no-operator */
export async function getApp({ client, namespace }: ClusterConnection, name: string): Promise<OsvApp> {
  const app = await client.get(resources.osvApps, { namespace, name });
  if (app) return app;
  throw await notFound(client, { namespace, name });
}

/** Every app of a namespace, or of all of them. @throws CommandError no-operator */
export async function listApps(
  client: ApiClient,
  selection: { namespace?: string; labelSelector?: string },
): Promise<OsvApp[]> {
  try {
    return await listAll((token) => client.list(resources.osvApps, { ...selection, ...token, limit: pageSize }));
  } catch (error) {
    throw isNotFound(error) ? noOperator() : error;
  }
}

const pageSize = 500;

export async function listAll<T>(
  page: (token: { continue?: string }) => Promise<{ items: T[]; continue?: string }>,
): Promise<T[]> {
  const items: T[] = [];
  let token: { continue?: string } = {};
  do {
    const { items: some, continue: next } = await page(token);
    items.push(...some);
    token = next ? { continue: next } : {};
  } while (token.continue);
  return items;
}

const namesShownMax = 10;

async function notFound(client: ApiClient, { namespace = '', name }: ObjectReference): Promise<CommandError> {
  const names = (await listApps(client, { namespace })).map(({ metadata }) => metadata.name);
  const near = nearest(name, names);
  const shown = names.slice(0, namesShownMax).join(', ');
  const hint = near ? ` Did you mean ${near}?` : names.length > 0 ? ` There are: ${shown}.` : ' It has no apps at all.';
  return new CommandError('app-not-found', `There is no app ${name} in the namespace ${namespace}.${hint}`);
}

export function noOperator(): CommandError {
  const remedy = 'install the operator (helm install, see docs/guide/clusters.md), or choose another --context';
  return new CommandError('no-operator', `This cluster does not know OsvApps: ${remedy}.`);
}
