import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileTree } from '../contents/file-tree.ts';
import { addStandardFiles } from '../contents/standard-files.ts';
import { trimPackages } from '../contents/trim.ts';
import { BuildError } from '../error.ts';
import { addDirectory } from '../source/directory.ts';
import type { ProductionPackages } from './production-packages.ts';

/** Where our own files are in the image. */
export const programFolder = '/opt/osv';
export const nodePath = '/usr/local/bin/node';
export const kernelPlace = '/usr/lib/osv/osv.elf';
export const user = 65532;
/** Writable; in a cluster a volume is mounted there, since the root is read-only. */
export const cacheHome = '/var/cache/osv';

/** What no program reads: tests, types, source maps, texts for people. Licences stay. */
const unneeded = [
  /(^|\/)node_modules\//,
  /\.test\.ts$/,
  /(^|\/)testing(\/|$)/,
  /\.d\.[cm]?ts$/,
  /\.map$/,
  /(^|\/)(test|tests|__tests__|docs|example|examples|benchmark|\.github)(\/|$)/,
  /(^|\/)(?!licen[cs]e|notice|copying)[^/]*\.(md|markdown)$/i,
];

/** Adds a folder of the checkout, but for what matches. */
async function addFolder(tree: FileTree, host: string, target: string, except: readonly RegExp[]): Promise<void> {
  const folder = new FileTree();
  await addDirectory(folder, host);
  tree.makeDirectory(target);
  for (const [path, node] of folder.walk()) {
    if (except.some((pattern) => pattern.test(path.slice(1)))) continue;
    // Modes are those of whoever checked the files out; only one bit of them is of interest.
    if (node.type === 'file') tree.addFile(target + path, node.mode & 0o100 ? 0o755 : 0o644, node.content);
    else if (node.type === 'symlink') tree.addSymlink(target + path, node.target);
  }
}

function addHostFile(tree: FileTree, host: string, target: string, mode: number): void {
  if (!existsSync(host)) throw new BuildError('not-found', `${host} does not exist`);
  tree.addFile(target, mode, { path: host, size: statSync(host).size, movable: false });
}

/**
 * Adds our program: the sources of its workspaces, which Node.js runs as they are, the packages of npm that they need,
 * Node.js itself, the kernel, and the tables that are read at run time.
 *
 * @throws BuildError `not-found`
 */
export async function addProgram(
  tree: FileTree,
  root: string,
  { packages, workspaces }: ProductionPackages,
  kernelPath: string,
): Promise<void> {
  for (const workspace of workspaces) {
    await addFolder(tree, join(root, workspace), `${programFolder}/${workspace}`, unneeded);
    const { name } = JSON.parse(await readFile(join(root, workspace, 'package.json'), 'utf8')) as { name: string };
    const depth = name.split('/').length;
    tree.addSymlink(`${programFolder}/node_modules/${name}`, `${'../'.repeat(depth)}${workspace}`);
  }
  for (const { path } of packages) {
    await addFolder(tree, join(root, path), `${programFolder}/${path}`, unneeded);
  }
  for (const file of ['package.json', 'LICENSE', 'crds/osvapp.yaml', 'docs/linux-compatibility/syscalls.json']) {
    addHostFile(tree, join(root, file), `${programFolder}/${file}`, 0o644);
  }
  addHostFile(tree, join(root, 'node_modules/node/bin/node'), nodePath, 0o755);
  addHostFile(tree, kernelPath, kernelPlace, 0o644);
}

/**
 * Makes a tree of Debian packages a system for our programs: a user, a folder to write to, the authorities that a
 * maintainer script would have gathered, and the sources of apt where apt is part of it.
 *
 * @param codename of the Debian release, such as bookworm
 */
export async function addSystem(tree: FileTree, codename: string): Promise<void> {
  trimPackages(tree);
  addStandardFiles(tree);
  const append = async (path: string, line: string) => {
    const node = tree.lookup(path);
    const before = node?.type === 'file' && 'bytes' in node.content ? Buffer.from(node.content.bytes).toString() : '';
    tree.addFile(path, 0o644, { bytes: Buffer.from(before + line) });
  };
  await append('/etc/passwd', `osv:x:${user}:${user}::${cacheHome}:/usr/sbin/nologin\n`);
  await append('/etc/group', `osv:x:${user}:\n`);
  tree.makeDirectory(cacheHome, 0o1777);
  await addAuthorities(tree);
  if (tree.lookup('/usr/bin/apt-get')) {
    tree.addFile('/etc/apt/sources.list.d/debian.sources', 0o644, { bytes: Buffer.from(aptSources(codename)) });
  }
}

/** What update-ca-certificates(8) writes. */
async function addAuthorities(tree: FileTree): Promise<void> {
  const folder = tree.lookup('/usr/share/ca-certificates/mozilla');
  if (folder?.type !== 'directory') return;
  const certificates: Buffer[] = [];
  for (const name of [...folder.children.keys()].sort()) {
    const node = folder.children.get(name);
    if (node?.type !== 'file' || !name.endsWith('.crt')) continue;
    certificates.push('bytes' in node.content ? Buffer.from(node.content.bytes) : await readFile(node.content.path));
  }
  tree.addFile('/etc/ssl/certs/ca-certificates.crt', 0o644, { bytes: Buffer.concat(certificates) });
}

function aptSources(codename: string): string {
  const stanza = (uri: string, suites: string) =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\n` +
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n';
  const main = stanza('http://deb.debian.org/debian', `${codename} ${codename}-updates`);
  return `${main}\n${stanza('http://deb.debian.org/debian-security', `${codename}-security`)}`;
}

/**
 * The codename of the Debian release whose packages apt resolves here (os-release(5)).
 *
 * @throws BuildError `unsupported` elsewhere
 */
export async function debianCodename(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1];
  const codename = field('VERSION_CODENAME');
  if (field('ID') === 'debian' && codename) return codename;
  throw new BuildError('unsupported', 'The container images are made of Debian packages; make them on a Debian system');
}
