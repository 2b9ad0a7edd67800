import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { NodeAgentError } from '../error.ts';

interface Kubeconfig {
  'current-context'?: string;
  clusters?: { name: string; cluster: { server: string } }[];
  contexts?: { name: string; context: { cluster: string } }[];
}

/**
 * Where the API server of a kubeconfig is, for the pods of its node.
 *
 * @throws NodeAgentError invalid-argument
 */
export function apiServerOf(kubeconfigPath: string): { host: string; port: string } {
  const config: Kubeconfig = parse(readFileSync(kubeconfigPath, 'utf8'));
  const context = config.contexts?.find(({ name }) => name === config['current-context'])?.context;
  const server = config.clusters?.find(({ name }) => name === context?.cluster)?.cluster.server;
  if (server === undefined) throw new NodeAgentError('invalid-argument', `${kubeconfigPath} names no API server.`);
  const { hostname, port } = new URL(server);
  return { host: hostname, port: port || '443' };
}
