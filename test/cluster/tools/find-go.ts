import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '@osv/local/tools.ts';
import { run } from '../../guest/command.ts';
import { ClusterError } from '../error.ts';

export interface Go {
  readonly program: string;
  /** Such as go1.26.8: that of the toolchain that builds, which an older `go` command may have fetched. */
  readonly version: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** From this version on, a `go` command fetches the toolchain that a module asks for (https://go.dev/doc/toolchain). */
const fetchesToolchains = [1, 21] as const;

/**
 * Finds a Go that can build a module which asks for version `wanted`, such as 1.26.0.
 *
 * @throws ClusterError `tool-missing`, saying what to install
 */
export async function findGo(wanted: string): Promise<Go> {
  const found: string[] = [];
  for (const program of await candidates()) {
    const own = await goVersion(program, { GOTOOLCHAIN: 'local' });
    found.push(`${program} is ${own}`);
    if (!isAtLeast(own, fetchesToolchains)) continue;
    const environment = isAtLeast(own, numbers(wanted)) ? {} : { GOTOOLCHAIN: `go${wanted}+auto` };
    return { program, version: await goVersion(program, environment), environment };
  }
  const what = found.length > 0 ? found.join(', ') : 'there is no Go';
  throw new ClusterError(
    'tool-missing',
    `${what}; building the cluster's tools needs Go ${wanted} or newer: scripts/setup.sh go installs one`,
  );
}

/** The machine's own Go, and the one that setup.sh has installed beside it. */
async function candidates(): Promise<string[]> {
  const own = await findProgram('go');
  const installed = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'osv', 'go', 'go');
  return [...(own ? [own] : []), ...(existsSync(installed) ? [installed] : [])];
}

async function goVersion(program: string, environment: Record<string, string>): Promise<string> {
  const result = await run(program, ['env', 'GOVERSION'], { environment: { ...process.env, ...environment } });
  const version = result.stdout.toString().trim();
  if (result.code === 0 && version.startsWith('go')) return version;
  throw new ClusterError('tool-missing', `${program} env GOVERSION failed: ${result.stderr.toString().trim()}`);
}

function numbers(version: string): number[] {
  return (/\d+(\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}

/** Whether a version such as go1.26.8 is at least that of `least`. */
export function isAtLeast(version: string, least: readonly number[]): boolean {
  const own = numbers(version);
  for (const [index, wanted] of least.entries()) {
    const difference = (own[index] ?? 0) - wanted;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
