import type { EntryPoint } from '@osv/contracts';
import type { FileTree } from '../../contents/file-tree.ts';
import { readContent } from '../../contents/read-file.ts';
import { BuildError } from '../../error.ts';

/** What an image's configuration says about running it (OCI image-spec v1.1, config.md). */
export interface RunConfiguration {
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Env?: readonly string[] | null;
  readonly User?: string;
  readonly WorkingDir?: string;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const identifierMax = 2 ** 32 - 2;

interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home?: string;
}

/**
 * What an image runs, as a container runtime would run it.
 *
 * @throws BuildError `bad-source` for a user or group that the image does not know
 */
export async function entryPointOf(configuration: RunConfiguration, tree: FileTree): Promise<EntryPoint> {
  const entrypoint = configuration.Entrypoint ?? [];
  const account = await findAccount(tree, configuration.User ?? '');
  const environment = (configuration.Env ?? []).filter((entry) => /^[^=]+=/.test(entry));
  const has = (name: string) => environment.some((entry) => entry.startsWith(`${name}=`));
  const workingDirectory = configuration.WorkingDir || '/';
  return {
    command: [...entrypoint, ...(configuration.Cmd ?? [])],
    fixedWords: entrypoint.length,
    environment: [
      ...(has('PATH') ? [] : [`PATH=${defaultPath}`]),
      ...environment,
      ...(has('HOME') ? [] : [`HOME=${account.home ?? '/'}`]),
    ],
    workingDirectory: workingDirectory.startsWith('/') ? workingDirectory : `/${workingDirectory}`,
    user: { uid: account.uid, gid: account.gid },
  };
}

async function lines(tree: FileTree, path: string): Promise<string[][]> {
  const node = tree.lookup(path);
  if (node?.type !== 'file') return [];
  return (await readContent(node))
    .toString()
    .split('\n')
    .map((line) => line.split(':'));
}

function identifier(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= identifierMax ? Number(text) : undefined;
}

/** `user`, `uid`, `user:group`, `uid:gid` and so on, by the image's own /etc/passwd and /etc/group. */
async function findAccount(tree: FileTree, text: string): Promise<Account> {
  const [user = '', group] = text.split(':');
  const passwd = await lines(tree, '/etc/passwd');
  const wanted = user === '' ? '0' : user;
  const entry = passwd.find(([name, , uid]) => name === wanted || uid === wanted);
  const uid = identifier(entry?.[2]) ?? identifier(wanted);
  if (uid === undefined)
    throw new BuildError('bad-source', `The image runs as ${user}, but its /etc/passwd has no ${user}`);
  const home = entry?.[5];
  if (group === undefined || group === '') {
    return { uid, gid: identifier(entry?.[3]) ?? 0, ...(home?.startsWith('/') && { home }) };
  }
  const row = (await lines(tree, '/etc/group')).find(([name, , gid]) => name === group || gid === group);
  const gid = identifier(row?.[2]) ?? identifier(group);
  if (gid === undefined)
    throw new BuildError('bad-source', `The image's group is ${group}, but its /etc/group has no ${group}`);
  return { uid, gid, ...(home?.startsWith('/') && { home }) };
}
