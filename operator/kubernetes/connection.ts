import type { RequestOptions } from 'node:https';
import { KubeConfig, type User } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { Clock } from '../clock.ts';
import { ApiError } from './api-error.ts';
import { ExecCredentials, type ExecPlugin, type ExecStatus } from './exec-credentials.ts';
import { type Context, type ContextChoice, type Environment, loadContext } from './kubeconfig.ts';
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

type Tls = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized'>;

/**
 * Connections to the API server and the credentials for them. The library reads the kubeconfig and signs in (tokens,
 * certificates, OIDC); the connections are ours, since it opens a new pool for every single request.
 */
export class Connection {
  /** Such as https://10.96.0.1:443, without a slash at the end. */
  readonly server: string;
  /** Of the kubeconfig's context, or of the pod that we are in. */
  readonly namespace: string | undefined;
  readonly #context: Context;
  readonly #clock: Clock;
  readonly #library = new KubeConfig();
  readonly #exec: ExecCredentials | undefined;
  readonly #tokenFile: TokenFile | undefined;
  #pool: { dispatcher: Dispatcher; tls: string } | undefined;
  #access: { value: Promise<Access>; credential: ExecStatus | undefined; readAt: number } | undefined;

  constructor(options: ContextChoice & { environment: Environment; clock: Clock }) {
    this.#context = loadContext(options, options.environment);
    this.#clock = options.clock;
    const { cluster, user, folder, tokenFile } = this.#context;
    this.server = cluster.server.replace(/\/+$/, '');
    this.namespace = this.#context.namespace;
    if (user.exec) {
      const plugin = user.exec as ExecPlugin;
      this.#exec = new ExecCredentials(plugin, {
        cluster,
        folder,
        environment: options.environment,
        clock: options.clock,
      });
    } else if (tokenFile) {
      this.#tokenFile = new TokenFile(tokenFile, options.clock);
    }
    this.#library.loadFromClusterAndUser(cluster, this.#libraryUser(user));
  }

  /** What our own code signs in with is kept from the library. */
  #libraryUser(user: User): User {
    const { exec, authProvider, ...rest } = user;
    return this.#exec || this.#tokenFile || !authProvider ? rest : { ...rest, authProvider };
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
    const options: RequestOptions = {};
    try {
      await this.#library.applyToHTTPSOptions(options);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ApiError(`The kubeconfig's credentials cannot be used: ${why}`, {
        status: 0,
        reason: 'CredentialsUnavailable',
        cause,
      });
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
    if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    const tls: Tls = {
      ca: options.ca,
      cert: credential?.clientCertificateData ?? options.cert,
      key: credential?.clientKeyData ?? options.key,
      servername: options.servername,
      rejectUnauthorized: options.rejectUnauthorized,
    };
    return { dispatcher: this.#dispatcherFor(tls), headers };
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

function createDispatcher(proxyUrl: string | undefined, tls: Tls): Dispatcher {
  const present = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined && value !== null));
  // Timeouts are kept by the client, with its own clock; HTTP/1.1 gives each watch a connection that can break alone.
  const common = { headersTimeout: 0, bodyTimeout: 0, allowH2: false, pipelining: 1 };
  const sockets = { keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMilliseconds, timeout: connectMillisecondsMax };
  if (!proxyUrl) return new Agent({ ...common, connect: { ...present, ...sockets } });
  if (!/^https?:/.test(proxyUrl)) {
    throw new ApiError(`The kubeconfig's proxy-url ${proxyUrl} is no HTTP proxy; others are not supported.`, {
      status: 0,
      reason: 'NoConfiguration',
    });
  }
  return new ProxyAgent({ ...common, uri: proxyUrl, requestTls: { ...present, ...sockets } });
}
