import { accessSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { ApiError } from './api-error.ts';

export type Environment = Record<string, string | undefined>;

/** The current context of a kubeconfig: whom to speak to, and as whom. */
export interface Context {
  cluster: Cluster;
  user: User;
  namespace?: string;
  /** A file with a bearer token that somebody renews. The library does not know the field `tokenFile` of a user. */
  tokenFile?: string;
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
    user: { name: 'in-cluster' },
    tokenFile,
    ...(exists(namespaceFile) && { namespace: readFileSync(namespaceFile, 'utf8').trim() }),
  };
}

function fromFiles(files: string[], wanted: string | undefined): Context {
  const merged = new KubeConfig();
  const tokenFiles = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const [index, file] of files.entries()) {
    const one = index === 0 ? merged : new KubeConfig();
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
      one.loadFromString(text);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw noConfiguration(`The kubeconfig ${file} cannot be read: ${why}`, cause);
    }
    const folder = dirname(resolve(file));
    one.makePathsAbsolute(folder);
    for (const user of one.users) if (!folders.has(user.name)) folders.set(user.name, folder);
    for (const [name, path] of tokenFilesOf(text))
      if (!tokenFiles.has(name)) tokenFiles.set(name, resolve(folder, path));
    if (index > 0) addMissing(merged, one);
  }
  if (wanted) chooseContext(merged, wanted, files);
  const cluster = merged.getCurrentCluster();
  if (!cluster) throw noConfiguration(`The kubeconfig ${files.join(', ')} has no current context with a cluster.`);
  const user = merged.getCurrentUser() ?? { name: 'anonymous' };
  const namespace = merged.getContextObject(merged.currentContext)?.namespace;
  const tokenFile = tokenFiles.get(user.name) ?? user.authProvider?.config?.tokenFile;
  const folder = folders.get(user.name);
  return {
    cluster,
    user,
    ...(namespace && { namespace }),
    ...(tokenFile && !user.token && { tokenFile }),
    ...(folder && { folder }),
  };
}

/** @throws ApiError `no-configuration`, with the contexts that there are */
function chooseContext(config: KubeConfig, wanted: string, files: string[]): void {
  if (!config.getContextObject(wanted)) {
    const known = config.contexts.map(({ name }) => name).join(', ') || 'none';
    throw noConfiguration(`The kubeconfig ${files.join(', ')} has no context ${wanted}; its contexts: ${known}.`);
  }
  config.setCurrentContext(wanted);
}

/** As kubectl merges: the first file that names something wins. The library's own merge fails on a second name. */
function addMissing(into: KubeConfig, from: KubeConfig): void {
  into.currentContext ||= from.currentContext;
  for (const part of ['clusters', 'users', 'contexts'] as const) {
    const known = new Set(into[part].map(({ name }) => name));
    const missing = from[part].filter(({ name }) => !known.has(name));
    Object.assign(into, { [part]: [...into[part], ...missing] });
  }
}

function tokenFilesOf(text: string): [string, string][] {
  const document = parse(text) as { users?: { name?: string; user?: { tokenFile?: string } }[] } | null;
  return (document?.users ?? []).flatMap(({ name, user }) =>
    name && user?.tokenFile ? [[name, user.tokenFile] as [string, string]] : [],
  );
}

function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

function noConfiguration(message: string, cause?: unknown): ApiError {
  return new ApiError(message, { status: 0, reason: 'NoConfiguration', cause });
}
