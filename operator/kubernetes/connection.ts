import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { Clock } from '../clock.ts';
import { ApiError } from './api-error.ts';
import { AuthProvider } from './auth-provider.ts';
import { ExecCredentials, type ExecStatus } from './exec-credentials.ts';
import { type Context, type ContextChoice, type Environment, loadContext } from './kubeconfig.ts';
import type { User } from './kubeconfig-file.ts';
import { readTls, type Tls } from './tls.ts';
import { TokenFile } from './token-file.ts';

/** What the next request is sent with. */
export interface Access {
  dispatcher: Dispatcher;
  headers: Record<string, string>;
}

/** Certificates on disk are looked at again this often, as by client-go. */
const credentialMillisecondsMax = 60_000;
/** Below the idle time after which load balancers drop a connection without a word. */
const tcpKeepAliveMilliseconds = 30_000;
const connectMillisecondsMax = 15_000;

/**
 * Connections to the API server and the credentials for them. Both are ours: the library takes 80 MB and a second of
 * CPU time to load, opens a new pool for every single request, and neither knows token files nor renews what an exec
 * plugin gave. It signs in where a kubeconfig names an auth provider (OIDC).
 */
export class Connection {
  /** Such as https://10.96.0.1:443, without a slash at the end. */
  readonly server: string;
  /** Of the kubeconfig's context, or of the pod that we are in. */
  readonly namespace: string | undefined;
  readonly #context: Context;
  readonly #clock: Clock;
  readonly #exec: ExecCredentials | undefined;
  readonly #tokenFile: TokenFile | undefined;
  readonly #provider: AuthProvider | undefined;
  #pool: { dispatcher: Dispatcher; tls: string } | undefined;
  #access: { value: Promise<Access>; credential: ExecStatus | undefined; readAt: number } | undefined;

  constructor(options: ContextChoice & { environment: Environment; clock: Clock }) {
    const { environment, clock } = options;
    this.#context = loadContext(options, environment);
    this.#clock = clock;
    const { cluster, user, folder } = this.#context;
    this.server = cluster.server.replace(/\/+$/, '');
    this.namespace = this.#context.namespace;
    if (user.exec) this.#exec = new ExecCredentials(user.exec, { cluster, folder, environment, clock });
    else if (user.tokenFile) this.#tokenFile = new TokenFile(user.tokenFile, clock);
    else if (user.authProvider) this.#provider = new AuthProvider(user.authProvider);
  }

  /** @throws ApiError `credentials-unavailable` */
  async access(): Promise<Access> {
    const now = this.#clock.monotonic();
    const credential = await this.#exec?.current();
    let known = this.#access;
    if (!known || known.credential !== credential || now - known.readAt > credentialMillisecondsMax) {
      known = { value: this.#read(credential), credential, readAt: now };
      known.value.catch(() => this.forget());
      this.#access = known;
    }
    const { dispatcher, headers } = await known.value;
    const token = credential?.token ?? (await this.#tokenFile?.current());
    return { dispatcher, headers: token ? { ...headers, authorization: `Bearer ${token}` } : headers };
  }

  /** The server did not accept the credentials (401): they are read or asked for again at the next request. */
  forget(): void {
    this.#access = undefined;
    this.#exec?.forget();
    this.#tokenFile?.forget();
  }

  async close(): Promise<void> {
    await this.#pool?.dispatcher.destroy();
  }

  async #read(credential: ExecStatus | undefined): Promise<Access> {
    const { cluster, user } = this.#context;
    const headers = { ...staticHeaders(user), ...(await this.#provider?.headers()) };
    return { dispatcher: this.#dispatcherFor(await readTls(cluster, user, credential)), headers };
  }

  /** One pool for as long as the certificates stay; what is under way on an old one may end there. */
  #dispatcherFor(tls: Tls): Dispatcher {
    const known = JSON.stringify(tls);
    if (this.#pool?.tls === known) return this.#pool.dispatcher;
    void this.#pool?.dispatcher.close();
    const dispatcher = createDispatcher(this.#context.cluster.proxyUrl, tls);
    this.#pool = { dispatcher, tls: known };
    return dispatcher;
  }
}

function staticHeaders({ token, username, password, impersonateUser }: User): Record<string, string> {
  const basic = username && Buffer.from(`${username}:${password ?? ''}`).toString('base64');
  return {
    ...(basic && { authorization: `Basic ${basic}` }),
    ...(token && { authorization: `Bearer ${token}` }),
    ...(impersonateUser && { 'impersonate-user': impersonateUser }),
  };
}

function createDispatcher(proxyUrl: string | undefined, tls: Tls): Dispatcher {
  // Timeouts are kept by the client, with its own clock; HTTP/1.1 gives each watch a connection that can break alone.
  const common = { headersTimeout: 0, bodyTimeout: 0, allowH2: false, pipelining: 1 };
  const sockets = { keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMilliseconds, timeout: connectMillisecondsMax };
  if (!proxyUrl) return new Agent({ ...common, connect: { ...tls, ...sockets } });
  if (!/^https?:/.test(proxyUrl)) {
    throw new ApiError(`The kubeconfig's proxy-url ${proxyUrl} is no HTTP proxy; others are not supported.`, {
      status: 0,
      reason: 'NoConfiguration',
    });
  }
  return new ProxyAgent({ ...common, uri: proxyUrl, requestTls: { ...tls, ...sockets } });
}
