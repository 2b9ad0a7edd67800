import type { RequestOptions } from 'node:https';
import { ApiError } from './api-error.ts';
import type { User } from './kubeconfig-file.ts';

/**
 * Signs in with a kubeconfig's `auth-provider`, such as OIDC with its refresh token, by the client library; which is
 * loaded only then.
 */
export class AuthProvider {
  readonly #provider: NonNullable<User['authProvider']>;
  #signIn: Promise<(options: RequestOptions) => Promise<void>> | undefined;

  constructor(provider: NonNullable<User['authProvider']>) {
    this.#provider = provider;
  }

  /** @throws ApiError `credentials-unavailable` */
  async headers(): Promise<Record<string, string>> {
    const options: RequestOptions = {};
    try {
      this.#signIn ??= this.#load();
      await (await this.#signIn)(options);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `Signing in with the auth provider ${this.#provider.name} failed: ${why}`;
      throw new ApiError(message, { status: 0, reason: 'CredentialsUnavailable', cause });
    }
    const entries = Object.entries(options.headers ?? {});
    return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
  }

  async #load(): Promise<(options: RequestOptions) => Promise<void>> {
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    // The provider alone: the cluster is a stand-in, to which nothing is sent.
    const cluster = { name: 'cluster', server: 'https://localhost', skipTLSVerify: false };
    config.loadFromClusterAndUser(cluster, { name: 'user', authProvider: this.#provider });
    return (options) => config.applyToHTTPSOptions(options);
  }
}
