import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { run } from '../../guest/command.ts';
import { markUsed, removeUnused } from '../cache-folder.ts';
import { ClusterError } from '../error.ts';
import { lock } from '../processes/lock.ts';
import { diesWithParent } from '../processes/with-parent.ts';
import { findGo, type Go } from './find-go.ts';
import { moduleFolder, readGoModule } from './go-module.ts';
import { buildFlags, type GoTool, goToolNames, goTools, type Tools } from './go-tools.ts';

/** Sets of programs that nobody used for so long are removed: each takes some 400 MB. */
const unusedDaysMax = 30;

export interface BuildOptions {
  /** Default: `$XDG_CACHE_HOME/osv/cluster-tools`, or below ~/.cache. */
  readonly cacheFolder?: string;
  /** Which ones; default all. */
  readonly names?: readonly GoTool[];
  readonly progress?: (line: string) => void;
}

/**
 * The control plane's programs, built from the pinned module where the cache lacks them: about ten minutes on two
 * processors when all of Go's own cache is cold, nothing later. Two callers at once build once.
 *
 * @throws ClusterError `tool-missing` without a Go that can build them, `build-failed` with the compiler's last words
 */
export async function buildTools(options: BuildOptions = {}): Promise<Tools> {
  const { cacheFolder = defaultCacheFolder(), names = goToolNames, progress = () => {} } = options;
  const goModule = await readGoModule();
  const go = await findGo(goModule.go);
  const flags = buildFlags(goModule);
  const folder = join(cacheFolder, await digestOfInputs(go.version, flags));
  const tools = Object.fromEntries(goToolNames.map((name) => [name, join(folder, fileName(name))])) as Tools;
  if ((await missing(tools, names)).length > 0) {
    const waiting = () => progress('another run builds the tools of the cluster; waiting for it');
    const held = await lock(`build/${userInfo().uid}/${folder}`, waiting);
    try {
      await mkdir(folder, { recursive: true });
      await removeDrafts(folder);
      for (const name of await missing(tools, names)) await build(go, name, tools[name], flags, progress);
    } finally {
      await held.release();
    }
  }
  await markUsed(folder);
  await removeUnused(cacheFolder, unusedDaysMax);
  return tools;
}

function defaultCacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'osv', 'cluster-tools');
}

/** kubeApiserver → kube-apiserver: the names that the projects give their programs. */
function fileName(name: GoTool): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function digestOfInputs(goVersion: string, flags: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(moduleFolder, file)));
  hash.update(JSON.stringify([goVersion, flags]));
  return hash.digest('hex').slice(0, 24);
}

async function missing(tools: Tools, names: readonly GoTool[]): Promise<GoTool[]> {
  const present = await Promise.all(
    names.map((name) =>
      access(tools[name]).then(
        () => true,
        () => false,
      ),
    ),
  );
  return names.filter((_, index) => !present[index]);
}

async function build(go: Go, name: GoTool, path: string, flags: readonly string[], progress: (line: string) => void) {
  const started = performance.now();
  progress(`building ${fileName(name)} (once; minutes)`);
  // Renamed when it is complete: an interrupted build leaves nothing that looks like a program.
  const draft = `${path}.${process.pid}.draft`;
  try {
    // SIGINT, because `go build` cleans up after itself then.
    const command = diesWithParent(go.program, ['build', ...flags, '-o', draft, goTools[name]], 'INT');
    const result = await run(...command, {
      cwd: moduleFolder,
      environment: { ...process.env, ...go.environment, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
    });
    if (result.code !== 0) {
      const last = result.stderr.toString().trim().split('\n').slice(-15).join('\n');
      throw new ClusterError('build-failed', `${fileName(name)} could not be built:\n${last}`);
    }
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  progress(`built ${fileName(name)} in ${Math.round((performance.now() - started) / 1000)} s`);
}

/** What a build left that was killed itself. */
async function removeDrafts(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (entry.endsWith('.draft')) await rm(join(folder, entry), { force: true });
  }
}
