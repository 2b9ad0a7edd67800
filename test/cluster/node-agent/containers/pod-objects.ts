import { type ApiClient, type Pod, resources } from '@osv/operator/kubernetes';
import { NodeAgentError } from '../error.ts';

export type Files = Record<string, string | Buffer>;

/** What a pod reads from the API: ConfigMaps and Secrets of its namespace, and tokens of its ServiceAccount. */
export class PodObjects {
  readonly #client: ApiClient;
  readonly #pod: Readonly<Pod>;

  constructor(client: ApiClient, pod: Readonly<Pod>) {
    this.#client = client;
    this.#pod = pod;
  }

  /** @throws NodeAgentError not-found */
  async configMap(name = '', optional = false): Promise<Files> {
    const map = await this.#client.get(resources.configMaps, { namespace: this.#namespace, name });
    if (!map && !optional) throw this.#absent('configmap', name);
    return { ...map?.data, ...decoded(map?.binaryData) };
  }

  /** @throws NodeAgentError not-found */
  async secret(name = '', optional = false): Promise<Files> {
    const secret = await this.#client.get(resources.secrets, { namespace: this.#namespace, name });
    if (!secret && !optional) throw this.#absent('secret', name);
    return decoded(secret?.data);
  }

  /** A token that is worth nothing when the pod is gone. @throws NodeAgentError tool-failed */
  async token(audience: string | undefined, expirationSeconds: number): Promise<string> {
    const { name, uid } = this.#pod.metadata;
    const account = this.#pod.spec?.serviceAccountName ?? 'default';
    const { status, body } = await this.#client.raw(
      'POST',
      `/api/v1/namespaces/${this.#namespace}/serviceaccounts/${account}/token`,
      {
        body: JSON.stringify({
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            expirationSeconds,
            ...(audience && { audiences: [audience] }),
            boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
          },
        }),
      },
    );
    const answer = JSON.parse(body) as { status?: { token?: string } };
    if (status === 201 && answer.status?.token) return answer.status.token;
    throw new NodeAgentError('tool-failed', `The API server gives no token for the ServiceAccount ${account}: ${body}`);
  }

  get #namespace(): string {
    return this.#pod.metadata.namespace ?? '';
  }

  #absent(kind: string, name: string): NodeAgentError {
    return new NodeAgentError('not-found', `${kind} "${this.#namespace}/${name}" not found`);
  }
}

function decoded(data: Readonly<Record<string, string>> = {}): Files {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}
