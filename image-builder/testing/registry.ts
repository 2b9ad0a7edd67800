import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';

export interface RegistryOptions {
  /** PEM files; plain HTTP without them. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** A line of an htpasswd file with a bcrypt hash; no credentials are asked for without it. */
  readonly htpasswd?: string;
}

const stops: (() => Promise<void>)[] = [];

// Here, and not where one is started: a test may start one, and after tests have begun it is too late for hooks.
afterAll(async () => {
  for (const stop of stops) await stop();
});

/**
 * Starts Debian's docker-registry on a free loopback port; it and its files are gone after the tests of the file.
 *
 * @returns host and port
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'osv-registry-'));
  const { tls, htpasswd } = options;
  mkdirSync(join(folder, 'data'));
  if (htpasswd !== undefined) writeFileSync(join(folder, 'htpasswd'), `${htpasswd}\n`);
  const configuration = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: '127.0.0.1:0', ...(tls && { tls: { certificate: tls.certificate, key: tls.key } }) },
    ...(htpasswd !== undefined && { auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } } }),
  };
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(configuration));
  // It does not outlive a test run that is killed.
  const words = ['--pdeathsig', 'KILL', 'docker-registry', 'serve', join(folder, 'config.yml')];
  const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  stops.push(async () => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const said: string[] = [];
  child.stdout.resume();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    ended.then(() => reject(new Error(`docker-registry ended: ${said.join('\n')}`)), reject);
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address) resolve(address);
    });
  });
}
