import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiClient, type ConnectedApiClient, createApiClient } from '@osv/operator/kubernetes';
import { parse, stringify } from 'yaml';
import { NodeAgentError } from '../error.ts';
import type { ManagedNode } from '../node/managed-node.ts';

const handlerAccount = { namespace: 'kubevirt', name: 'kubevirt-handler' } as const;
const tokenSeconds = 24 * 3600;
const userAgent = 'osv-node-agent/virt-handler';

export interface HandlerClientOptions {
  /** Of the agent itself, who may make tokens. */
  client: ApiClient;
  kubeconfig: string;
  /** Where tokens and kubeconfigs are written. */
  folder: string;
  qps: number;
}

/**
 * The clients by which our nodes speak as KubeVirt's virt-handler: with a token of its ServiceAccount that is bound to
 * the Node, without which KubeVirt's admission refuses changes of a VMI. Where nobody has made the account, the agent
 * speaks for itself.
 */
export class HandlerClients {
  readonly #options: HandlerClientOptions;
  readonly #clients = new Map<string, Promise<ApiClient>>();
  readonly #made: ConnectedApiClient[] = [];

  constructor(options: HandlerClientOptions) {
    this.#options = options;
  }

  for(node: ManagedNode): Promise<ApiClient> {
    const present = this.#clients.get(node.name);
    if (present) return present;
    const client = this.#connect(node).catch((error) => {
      this.#clients.delete(node.name);
      throw error;
    });
    this.#clients.set(node.name, client);
    return client;
  }

  /** Makes tokens anew; they last a day. */
  async renew(node: ManagedNode): Promise<void> {
    if (await this.#clients.get(node.name)?.catch(() => undefined)) await this.#writeToken(node);
  }

  async close(): Promise<void> {
    await Promise.all(this.#made.map((client) => client.close()));
  }

  async #connect(node: ManagedNode): Promise<ApiClient> {
    if (!(await this.#writeToken(node))) return this.#options.client;
    const kubeconfig = join(this.#options.folder, `handler-${node.name}.kubeconfig`);
    await writeFile(kubeconfig, await this.#kubeconfigText(node), { mode: 0o600 });
    const client = createApiClient({ kubeconfig, fieldManager: 'virt-handler', userAgent, qps: this.#options.qps });
    this.#made.push(client);
    return client;
  }

  /** @returns false when there is no such ServiceAccount */
  async #writeToken(node: ManagedNode): Promise<boolean> {
    const { namespace, name } = handlerAccount;
    const boundObjectRef = { kind: 'Node', apiVersion: 'v1', name: node.name, uid: node.uid };
    const answer = await this.#options.client.raw(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      {
        contentType: 'application/json',
        body: JSON.stringify({
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { expirationSeconds: tokenSeconds, boundObjectRef },
        }),
      },
    );
    if (answer.status === 404) return false;
    if (answer.status !== 201) {
      throw new NodeAgentError('tool-failed', `No token for ${namespace}/${name}: ${answer.body.trim()}`);
    }
    const { status }: { status: { token: string } } = JSON.parse(answer.body);
    const draft = `${this.#tokenPath(node)}.new`;
    await writeFile(draft, status.token, { mode: 0o600 });
    await rename(draft, this.#tokenPath(node));
    return true;
  }

  /** The agent's own kubeconfig with another user. */
  async #kubeconfigText(node: ManagedNode): Promise<string> {
    const own = parse(await readFile(this.#options.kubeconfig, 'utf8'));
    const current = own.contexts.find((context: { name: string }) => context.name === own['current-context']);
    return stringify({
      ...own,
      users: [{ name: handlerAccount.name, user: { tokenFile: this.#tokenPath(node) } }],
      contexts: [{ name: 'handler', context: { cluster: current.context.cluster, user: handlerAccount.name } }],
      'current-context': 'handler',
    });
  }

  #tokenPath(node: ManagedNode): string {
    return join(this.#options.folder, `handler-${node.name}.token`);
  }
}
