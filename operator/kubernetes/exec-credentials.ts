import { spawn } from 'node:child_process';
import { isAbsolute, resolve } from 'node:path';
import type { Clock } from '../clock.ts';
import { ApiError } from './api-error.ts';
import type { ExecPlugin } from './exec-plugin.ts';
import type { Environment } from './kubeconfig.ts';
import type { Cluster } from './kubeconfig-file.ts';

export interface ExecStatus {
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
  expirationTimestamp?: string;
}

export interface ExecOptions {
  cluster: Cluster;
  /** Where a relative `command` begins. */
  folder?: string | undefined;
  environment: Environment;
  clock: Clock;
}

const runtimeMillisecondsMax = 60_000;
const outputBytesMax = 1024 * 1024;
/** A credential is not used in its last seconds: the request still has to arrive. */
const expiryMarginMilliseconds = 5000;

/**
 * Credentials from a client-go credential plugin, such as a cloud's sign-in (client.authentication.k8s.io). Runs the
 * plugin once however many requests wait for it, keeps what it says until that expires, and forgets it when the
 * server no longer accepts it. The library's own version does none of the last three.
 *
 * Source: kubernetes.io, "Authenticating", client-go credential plugins.
 */
export class ExecCredentials {
  readonly #plugin: ExecPlugin;
  readonly #options: ExecOptions;
  #known: ExecStatus | undefined;
  #running: Promise<ExecStatus> | undefined;

  constructor(plugin: ExecPlugin, options: ExecOptions) {
    this.#plugin = plugin;
    this.#options = options;
  }

  async current(): Promise<ExecStatus> {
    if (this.#known && !this.#expired(this.#known)) return this.#known;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    this.#known = await this.#running;
    return this.#known;
  }

  forget(): void {
    this.#known = undefined;
  }

  #expired({ expirationTimestamp }: ExecStatus): boolean {
    if (!expirationTimestamp) return false;
    return Date.parse(expirationTimestamp) - expiryMarginMilliseconds <= this.#options.clock.now();
  }

  #failure(what: string, cause?: unknown): ApiError {
    const hint = this.#plugin.installHint ? ` ${this.#plugin.installHint.trim()}` : '';
    const message = `The credential plugin ${this.#plugin.command} ${what}${hint}`;
    return new ApiError(message, { status: 0, reason: 'CredentialsUnavailable', cause });
  }

  async #run(): Promise<ExecStatus> {
    const { apiVersion = 'client.authentication.k8s.io/v1', interactiveMode } = this.#plugin;
    if (interactiveMode === 'Always') throw this.#failure('wants to ask a person, and there is none.');
    const output = await this.#spawn({
      apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false, ...(this.#plugin.provideClusterInfo && { cluster: this.#clusterInfo() }) },
    });
    let answer: { apiVersion?: string; kind?: string; status?: ExecStatus };
    try {
      answer = JSON.parse(output);
    } catch (cause) {
      throw this.#failure('printed no JSON.', cause);
    }
    const { status } = answer;
    if (answer.kind !== 'ExecCredential' || answer.apiVersion !== apiVersion) {
      throw this.#failure(`printed no ExecCredential of ${apiVersion}.`);
    }
    if (!status || !(status.token || (status.clientCertificateData && status.clientKeyData))) {
      throw this.#failure('printed neither a token nor a certificate with its key.');
    }
    return status;
  }

  #clusterInfo(): object {
    const { server, caData, skipTLSVerify, tlsServerName, proxyUrl } = this.#options.cluster;
    return {
      server,
      ...(caData && { 'certificate-authority-data': caData }),
      ...(skipTLSVerify && { 'insecure-skip-tls-verify': true }),
      ...(tlsServerName && { 'tls-server-name': tlsServerName }),
      ...(proxyUrl && { 'proxy-url': proxyUrl }),
    };
  }

  #spawn(info: object): Promise<string> {
    const { command, args, env } = this.#plugin;
    const { environment, folder } = this.#options;
    const relative = command.includes('/') && !isAbsolute(command);
    const file = relative && folder ? resolve(folder, command) : command;
    return new Promise((resolve, reject) => {
      const child = spawn(file, args ?? [], {
        env: {
          ...environment,
          ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: JSON.stringify(info),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: runtimeMillisecondsMax,
        killSignal: 'SIGKILL',
      });
      const output = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].setEncoding('utf8').on('data', (text: string) => {
          if (output[name].length < outputBytesMax) output[name] += text;
        });
      }
      child.on('error', (cause) => reject(this.#failure(`cannot be started: ${cause.message}.`, cause)));
      child.on('close', (code, signal) => {
        if (code === 0) return resolve(output.stdout);
        const said = output.stderr.trim().slice(-1000);
        reject(this.#failure(`ended with ${signal ?? `exit code ${code}`}${said ? `: ${said}` : ''}.`));
      });
    });
  }
}
