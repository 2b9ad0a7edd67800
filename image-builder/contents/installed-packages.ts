import type { FileTree } from './file-tree.ts';
import { readContent } from './read-file.ts';

/** A package that the package database of a root file system lists. */
export interface InstalledPackage {
  readonly kind: 'deb' | 'apk';
  /** os-release(5) ID: debian, ubuntu, alpine. */
  readonly distribution: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

async function text(tree: FileTree, path: string): Promise<string> {
  const node = tree.lookup(path);
  return node?.type === 'file' ? (await readContent(node)).toString() : '';
}

/** The records of a database of `Key: value` lines with empty lines between them; continued lines are left out. */
function records(database: string): Map<string, string>[] {
  return database.split(/\n\n+/).map((record) => {
    const fields = record.split('\n').flatMap((line) => {
      const [, key, value] = /^([A-Za-z-]+): ?(.*)$/.exec(line) ?? [];
      return key !== undefined && value !== undefined ? [[key, value] as const] : [];
    });
    return new Map(fields);
  });
}

/** dpkg's databases: one file, or one for each package as in images without dpkg. */
async function debianDatabase(tree: FileTree): Promise<string> {
  const folder = tree.lookup('/var/lib/dpkg/status.d');
  const names =
    folder?.type === 'directory' ? [...folder.children.keys()].filter((name) => !name.endsWith('sums')) : [];
  const parts = await Promise.all(names.map((name) => text(tree, `/var/lib/dpkg/status.d/${name}`)));
  return [await text(tree, '/var/lib/dpkg/status'), ...parts].join('\n\n');
}

/** What dpkg or apk say is installed in a tree; sorted by name. A tree without either has none. */
export async function installedPackages(tree: FileTree): Promise<InstalledPackage[]> {
  const release = await text(tree, '/etc/os-release');
  const distribution = /^ID="?([a-z0-9._-]+)"?$/m.exec(release)?.[1];
  const debian = records(await debianDatabase(tree)).flatMap((record): InstalledPackage[] => {
    const [name, version] = [record.get('Package'), record.get('Version')];
    const status = record.get('Status') ?? 'install ok installed';
    if (!name || !version || !status.endsWith(' installed')) return [];
    const architecture = record.get('Architecture') ?? 'all';
    return [{ kind: 'deb', distribution: distribution ?? 'debian', name, version, architecture }];
  });
  const alpine = records(await text(tree, '/lib/apk/db/installed')).flatMap((record): InstalledPackage[] => {
    const [name, version, architecture] = [record.get('P'), record.get('V'), record.get('A') ?? 'noarch'];
    if (!name || !version) return [];
    return [{ kind: 'apk', distribution: distribution ?? 'alpine', name, version, architecture }];
  });
  return [...debian, ...alpine].sort((a, b) => (a.name < b.name ? -1 : 1));
}
