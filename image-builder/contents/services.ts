import type { FileTree } from './file-tree.ts';
import { readContent } from './read-file.ts';

/** systemd.exec(5): directories that a unit's settings ask for, and where they are. */
const directorySettings: Record<string, string> = {
  RuntimeDirectory: '/run',
  StateDirectory: '/var/lib',
  CacheDirectory: '/var/cache',
  LogsDirectory: '/var/log',
  ConfigurationDirectory: '/etc',
};

const firstSystemUser = 100;
const unitPath = /^\/(usr\/)?lib\/systemd\/system\/[^/]+\.service$/;
const sysusersPath = /^\/usr\/lib\/sysusers\.d\/[^/]+\.conf$/;
const tmpfilesPath = /^\/usr\/lib\/tmpfiles\.d\/[^/]+\.conf$/;
/** tmpfiles.d(5): a line that makes a directory; /var/run is a link to /run. */
const tmpfilesDirectory = /^[dDqQ][!+=~^$-]*\s+(?:\/var(?=\/run\/))?(\/\S+)/;

async function append(tree: FileTree, path: string, lines: string): Promise<void> {
  const node = tree.lookup(path);
  const before = node?.type === 'file' ? (await readContent(node)).toString() : '';
  tree.addFile(path, 0o644, { bytes: Buffer.from(before + lines) });
}

/**
 * Makes the users and directories that packages describe in unit files, sysusers.d(5) and tmpfiles.d(5). On a full
 * system their maintainer scripts and the init system would make them.
 */
export async function addServiceAccounts(tree: FileTree): Promise<void> {
  const users = new Set<string>();
  const directories = new Set<string>();
  for (const [path, node] of [...tree.walk()]) {
    if (node.type !== 'file') continue;
    const unit = unitPath.test(path);
    const temporary = tmpfilesPath.test(path);
    if (!unit && !temporary && !sysusersPath.test(path)) continue;
    for (const line of (await readContent(node)).toString().split('\n')) {
      if (temporary) {
        const directory = tmpfilesDirectory.exec(line)?.[1];
        if (directory) directories.add(directory.replace(/\/+$/, ''));
        continue;
      }
      const [, setting = '', value = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      const base = directorySettings[setting];
      if (unit && base) for (const name of value.split(/\s+/)) directories.add(`${base}/${name}`);
      const user = unit && (setting === 'User' || setting === 'Group') ? value : /^[ug]!?\s+(\S+)/.exec(line)?.[1];
      if (user && /^[a-z_][a-z0-9_-]*$/.test(user)) users.add(user);
    }
  }
  for (const path of directories) {
    if (/^[A-Za-z0-9/._-]+$/.test(path) && !path.includes('..') && !tree.lookup(path)) tree.makeDirectory(path);
  }
  const passwd = tree.lookup('/etc/passwd');
  const present = passwd?.type === 'file' ? (await readContent(passwd)).toString() : '';
  const fresh = [...users].sort().filter((user) => !present.split('\n').some((line) => line.startsWith(`${user}:`)));
  if (fresh.length === 0) return;
  const numbered = fresh.map((user, index) => ({ user, id: firstSystemUser + index }));
  const entry = ({ user, id }: { user: string; id: number }) =>
    `${user}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin\n`;
  await append(tree, '/etc/passwd', numbered.map(entry).join(''));
  await append(tree, '/etc/group', numbered.map(({ user, id }) => `${user}:x:${id}:\n`).join(''));
}
