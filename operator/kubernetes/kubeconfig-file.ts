import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { ApiError } from './api-error.ts';
import type { ExecPlugin } from './exec-plugin.ts';

/** The parts of a kubeconfig that say whom to speak to; kubernetes.io, "kubeconfig (v1)". Paths are absolute. */
export interface Cluster {
  name: string;
  server: string;
  skipTLSVerify: boolean;
  caData?: string;
  caFile?: string;
  tlsServerName?: string;
  proxyUrl?: string;
}

/** The parts of a kubeconfig that say as whom. Paths are absolute; `…Data` is base64. */
export interface User {
  name: string;
  certData?: string;
  certFile?: string;
  keyData?: string;
  keyFile?: string;
  token?: string;
  /** A file with a bearer token that somebody renews. */
  tokenFile?: string;
  username?: string;
  password?: string;
  impersonateUser?: string;
  exec?: ExecPlugin;
  authProvider?: { name: string; config?: Record<string, string> };
}

export interface ClusterEntry {
  name: string;
  folder?: string;
  cluster?: {
    server?: string;
    'certificate-authority'?: string;
    'certificate-authority-data'?: string;
    'insecure-skip-tls-verify'?: boolean;
    'tls-server-name'?: string;
    'proxy-url'?: string;
  };
}

export interface UserEntry {
  name: string;
  folder?: string;
  user?: {
    'client-certificate'?: string;
    'client-certificate-data'?: string;
    'client-key'?: string;
    'client-key-data'?: string;
    token?: string;
    tokenFile?: string;
    username?: string;
    password?: string;
    as?: string;
    exec?: ExecPlugin;
    'auth-provider'?: { name: string; config?: Record<string, string> };
  };
}

export interface Kubeconfig {
  'current-context'?: string;
  clusters?: ClusterEntry[];
  users?: UserEntry[];
  contexts?: { name: string; context?: { cluster?: string; user?: string; namespace?: string } }[];
}

/** @throws ApiError `no-configuration` when it cannot be read, or is no kubeconfig */
export function readKubeconfig(file: string): Kubeconfig {
  let document: Kubeconfig | null;
  try {
    document = parse(readFileSync(file, 'utf8')) as Kubeconfig | null;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw noConfiguration(`The kubeconfig ${file} cannot be read: ${why}`, cause);
  }
  if (typeof document !== 'object') throw noConfiguration(`The file ${file} is no kubeconfig.`);
  const folder = dirname(resolve(file));
  // Paths in a kubeconfig begin where it lies.
  return {
    ...document,
    clusters: (document?.clusters ?? []).map((entry) => ({ ...entry, folder })),
    users: (document?.users ?? []).map((entry) => ({ ...entry, folder })),
  };
}

/** As kubectl merges: the first file that names something wins. */
export function mergeKubeconfigs(files: Kubeconfig[]): Kubeconfig {
  return files.reduce((into, from) => ({
    'current-context': into['current-context'] || (from['current-context'] ?? ''),
    clusters: union(into.clusters, from.clusters),
    users: union(into.users, from.users),
    contexts: union(into.contexts, from.contexts),
  }));
}

function union<Entry extends { name: string }>(first: Entry[] = [], second: Entry[] = []): Entry[] {
  const known = new Set(first.map(({ name }) => name));
  return [...first, ...second.filter(({ name }) => !known.has(name))];
}

export function toCluster({ name, cluster = {}, folder = '.' }: ClusterEntry): Cluster {
  const caFile = cluster['certificate-authority'];
  const caData = cluster['certificate-authority-data'];
  const tlsServerName = cluster['tls-server-name'];
  const proxyUrl = cluster['proxy-url'];
  return {
    name,
    server: cluster.server ?? '',
    skipTLSVerify: cluster['insecure-skip-tls-verify'] ?? false,
    ...(caData && { caData }),
    ...(caFile && !caData && { caFile: resolve(folder, caFile) }),
    ...(tlsServerName && { tlsServerName }),
    ...(proxyUrl && { proxyUrl }),
  };
}

export function toUser(entry: UserEntry | undefined): User {
  const { name = 'anonymous', user = {}, folder = '.' } = entry ?? {};
  const certFile = user['client-certificate'];
  const keyFile = user['client-key'];
  const certData = user['client-certificate-data'];
  const keyData = user['client-key-data'];
  const provider = user['auth-provider'];
  return {
    name,
    ...(certData && { certData }),
    ...(certFile && !certData && { certFile: resolve(folder, certFile) }),
    ...(keyData && { keyData }),
    ...(keyFile && !keyData && { keyFile: resolve(folder, keyFile) }),
    ...(user.token && { token: user.token }),
    ...(user.tokenFile && !user.token && { tokenFile: resolve(folder, user.tokenFile) }),
    ...(user.username && { username: user.username, password: user.password ?? '' }),
    ...(user.as && { impersonateUser: user.as }),
    ...(user.exec && { exec: user.exec }),
    ...(provider && { authProvider: provider }),
  };
}

export function noConfiguration(message: string, cause?: unknown): ApiError {
  return new ApiError(message, { status: 0, reason: 'NoConfiguration', cause });
}
