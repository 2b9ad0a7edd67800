import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError } from '../error.ts';

/** A package of npm that is installed, as package-lock.json describes it. */
export interface NpmPackage {
  /** Its folder from the root of the checkout, such as node_modules/ajv. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** Subresource Integrity: sha512-… in base64. */
  readonly integrity: string | undefined;
}

export interface ProductionPackages {
  readonly packages: readonly NpmPackage[];
  /** Folders of the workspaces that are needed, the first one included; sorted. */
  readonly workspaces: readonly string[];
}

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

type Lock = Readonly<Record<string, LockEntry>>;

/** Where Node.js finds a package when a file of `from` imports it: the nearest node_modules on the way to the root. */
function locate(lock: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; ) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (candidate in lock) return candidate;
    if (folder === '') return undefined;
    folder = folder.slice(0, Math.max(folder.lastIndexOf('/'), 0));
  }
}

/**
 * The packages that a workspace needs to run, by package-lock.json (npm's lockfile version 3): dependencies, and those
 * of dependencies; peers and optional ones where they are installed. Packages of types only are left out.
 *
 * @param root of the checkout
 * @throws BuildError `not-found` for a package that is not installed
 */
export function productionPackages(root: string, workspace: string): ProductionPackages {
  const { packages: lock } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Lock };
  const packages = new Map<string, NpmPackage>();
  const workspaces = new Set([workspace]);
  const queue = [workspace];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = lock[path] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      if (name.startsWith('@types/')) continue;
      const found = locate(lock, path, name);
      const entry = found === undefined ? undefined : lock[found];
      if (found === undefined || !entry || !existsSync(join(root, found))) {
        if (!(name in dependencies) || name in optionalDependencies) continue;
        throw new BuildError('not-found', `The package ${name} of ${path} is not installed; npm ci installs it`);
      }
      if (entry.link) {
        const folder = entry.resolved ?? '';
        if (!workspaces.has(folder)) queue.push(folder);
        workspaces.add(folder);
      } else if (!packages.has(found)) {
        packages.set(found, { path: found, name, version: entry.version ?? '', integrity: entry.integrity });
        queue.push(found);
      }
    }
  }
  return {
    packages: [...packages.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    workspaces: [...workspaces].sort(),
  };
}
