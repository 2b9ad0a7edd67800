import { accessSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import {
  type Cluster,
  mergeKubeconfigs,
  noConfiguration,
  readKubeconfig,
  toCluster,
  toUser,
  type User,
} from './kubeconfig-file.ts';

export type Environment = Record<string, string | undefined>;

/** The current context of a kubeconfig: whom to speak to, and as whom. */
export interface Context {
  cluster: Cluster;
  user: User;
  namespace?: string;
  /** Where relative paths of the user's exec plugin begin; undefined in a cluster. */
  folder?: string;
}

export interface ContextChoice {
  /** Path; default: see {@link loadContext}. */
  kubeconfig?: string | undefined;
  /** Name of a context of the kubeconfig; its current one by default. */
  context?: string | undefined;
  /** Looks for the files first, as kubectl does, and for the pod's service account last. */
  filesFirst?: boolean | undefined;
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Finds the API server: the given kubeconfig, else the service account of the pod that we are in, else the files of
 * `$KUBECONFIG` (merged as kubectl does), else `~/.kube/config`.
 *
 * @throws ApiError `no-configuration` when there is none, or it names no cluster, or it has no such context
 */
export function loadContext(choice: ContextChoice, environment: Environment): Context {
  const { kubeconfig, context, filesFirst = false } = choice;
  if (kubeconfig) return fromFiles([kubeconfig], context);
  // A context is something that only files have.
  const inCluster = context ? undefined : serviceAccountContext(environment);
  if (inCluster && !filesFirst) return inCluster;
  const files = kubeconfigFiles(environment);
  if (files.length > 0) return fromFiles(files, context);
  if (inCluster) return inCluster;
  throw noConfiguration('There is no kubeconfig, and this is no pod with a service account: set KUBECONFIG.');
}

/** The contexts of the kubeconfig that {@link loadContext} would read; none where there is none. */
export function contextNames({ kubeconfig }: Pick<ContextChoice, 'kubeconfig'>, environment: Environment): string[] {
  const files = kubeconfig ? [kubeconfig] : kubeconfigFiles(environment);
  const merged = mergeKubeconfigs(files.filter(exists).map(readKubeconfig));
  return (merged.contexts ?? []).map(({ name }) => name);
}

/** The files of `$KUBECONFIG`, else `~/.kube/config` where it exists. */
function kubeconfigFiles(environment: Environment): string[] {
  const listed = environment.KUBECONFIG?.split(delimiter).filter(Boolean) ?? [];
  if (listed.length > 0) return listed;
  const home = join(environment.HOME || homedir(), '.kube/config');
  return exists(home) ? [home] : [];
}

function serviceAccountContext(environment: Environment): Context | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  const tokenFile = join(serviceAccountFolder, 'token');
  if (!host || !exists(tokenFile)) return undefined;
  const namespaceFile = join(serviceAccountFolder, 'namespace');
  return {
    cluster: {
      name: 'in-cluster',
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      caFile: join(serviceAccountFolder, 'ca.crt'),
      skipTLSVerify: false,
    },
    user: { name: 'in-cluster', tokenFile },
    ...(exists(namespaceFile) && { namespace: readFileSync(namespaceFile, 'utf8').trim() }),
  };
}

function fromFiles(files: string[], wanted: string | undefined): Context {
  const merged = mergeKubeconfigs(files.map(readKubeconfig));
  const contextName = wanted ?? merged['current-context'];
  const context = merged.contexts?.find(({ name }) => name === contextName)?.context;
  if (wanted && !context) {
    const known = merged.contexts?.map(({ name }) => name).join(', ') || 'none';
    throw noConfiguration(`The kubeconfig ${files.join(', ')} has no context ${wanted}; its contexts: ${known}.`);
  }
  const cluster = merged.clusters?.find(({ name }) => name === context?.cluster);
  if (!context || !cluster?.cluster?.server) {
    throw noConfiguration(`The kubeconfig ${files.join(', ')} has no current context with a cluster.`);
  }
  const user = merged.users?.find(({ name }) => name === context.user);
  return {
    cluster: toCluster(cluster),
    user: toUser(user),
    ...(context.namespace && { namespace: context.namespace }),
    ...(user && { folder: user.folder }),
  };
}

function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
