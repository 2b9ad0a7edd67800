import { type ClusterConnection, type ClusterOptions, withCluster } from '../cluster/connect.ts';
import type { Context } from '../context.ts';
import { outputFormats } from '../output/listing.ts';
import type { Candidate, LiveNames, Typed } from './complete.ts';

/** Who types does not wait longer for a cluster that does not answer. */
const millisecondsMax = 10_000;

/** Commands of this machine whose arguments are instances. */
const takesInstances = new Set(['logs', 'top', 'stop', 'rm']);
const takesApp = /^(status|rollout (status|history|undo|pause|resume|restart))$/;

/** Names of this machine and of the cluster that the typed options choose. What cannot be asked has no names. */
export function liveNames(context: Context): LiveNames {
  const onCluster = (typed: Typed, ask: (connection: ClusterConnection) => Promise<Candidate[]>) =>
    inTime(withCluster(context, clusterOptions(typed), ask));
  return {
    async argument(typed) {
      if (takesApp.test(typed.command)) return typed.arguments.length > 0 ? [] : onCluster(typed, appNames);
      if (typed.command === 'apps' || context.programName === 'kubectl osv') return [];
      return takesInstances.has(typed.command) ? instanceNames(context) : undefined;
    },
    async option(name, typed) {
      switch (name) {
        case 'namespace':
          return onCluster(typed, namespaces);
        case 'context':
          return contexts(context.environment, typed.options.get('kubeconfig'));
        case 'to-revision':
        case 'revision':
          return onCluster(typed, (connection) => revisions(connection, typed.arguments[0]));
        case 'output':
          return outputFormats.slice(1).map((value) => ({ value }));
        default:
          return undefined;
      }
    },
  };
}

function clusterOptions({ options }: Typed): ClusterOptions {
  const names = ['kubeconfig', 'context', 'namespace'] as const;
  return Object.fromEntries(names.flatMap((name) => (options.has(name) ? [[name, options.get(name)]] : [])));
}

async function appNames({ client, namespace }: ClusterConnection): Promise<Candidate[]> {
  const { listApps } = await import('../cluster/app.ts');
  const { stateOf } = await import('../cluster/explain/explain.ts');
  const apps = await listApps(client, { namespace });
  return apps.map((app) => ({ value: app.metadata.name, description: stateOf(app) }));
}

async function namespaces({ client }: ClusterConnection): Promise<Candidate[]> {
  const { resources } = await import('@osv/operator/kubernetes');
  const { items } = await client.list(resources.namespaces);
  return items.map(({ metadata }) => ({ value: metadata.name }));
}

async function revisions(connection: ClusterConnection, app: string | undefined): Promise<Candidate[]> {
  if (app === undefined) return [];
  const { getApp } = await import('../cluster/app.ts');
  const { parseAppName } = await import('../cluster/app-name.ts');
  const { listRevisions } = await import('../cluster/revisions.ts');
  const found = await listRevisions(connection, await getApp(connection, parseAppName(app)));
  return found.map(({ number, changed }) => ({ value: `${number}`, description: changed.join(', ') }));
}

async function contexts(environment: NodeJS.ProcessEnv, kubeconfig: string | undefined): Promise<Candidate[]> {
  const { contextNames } = await import('@osv/operator/kubernetes');
  return contextNames({ kubeconfig }, environment).map((value) => ({ value }));
}

async function instanceNames({ store }: Context): Promise<Candidate[]> {
  const records = await store.list();
  return records.map(({ name, state }) => ({ value: name, description: state }));
}

async function inTime(asked: Promise<Candidate[]>): Promise<Candidate[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Candidate[]>((resolve) => {
    timer = setTimeout(() => resolve([]), millisecondsMax);
  });
  try {
    return await Promise.race([asked, late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}
