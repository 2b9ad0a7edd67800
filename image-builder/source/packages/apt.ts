import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../cache/write-atomically.ts';
import { BuildError } from '../../error.ts';
import { runTool } from '../../run-tool.ts';
import { assumedPresent } from './assumed-present.ts';

/** A package file that apt would install, as its index describes it. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Its name in apt's archive folder. */
  readonly fileName: string;
}

const listsAgeMsMax = 24 * 60 * 60 * 1000;

/**
 * apt with a state of its own in the user's cache folder: lists, archives and an almost empty package database. It
 * reads the host's sources and keys and changes nothing of the host, so it needs no rights there.
 */
export class Apt {
  readonly #directory: string;
  readonly #signal: AbortSignal | undefined;

  private constructor(directory: string, signal: AbortSignal | undefined) {
    this.#directory = directory;
    this.#signal = signal;
  }

  static async create(directory: string, signal?: AbortSignal): Promise<Apt> {
    const apt = new Apt(directory, signal);
    await mkdir(join(directory, 'lists/partial'), { recursive: true });
    await mkdir(join(directory, 'archives/partial'), { recursive: true });
    await mkdir(join(directory, 'no-archives/partial'), { recursive: true });
    await apt.#write('apt.conf', apt.#configuration());
    return apt;
  }

  get archives(): string {
    return join(this.#directory, 'archives');
  }

  #configuration(): string {
    const quoted = JSON.stringify(this.#directory);
    return `APT::Architecture "amd64";
#clear APT::Architectures;
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Cmd::Pattern-Only "true";
APT::Sandbox::User "";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State ${quoted};
Dir::State::lists "lists/";
Dir::Cache ${quoted};
Dir::Cache::archives "archives/";
`;
  }

  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#directory, name);
    if ((await readFile(path, 'utf8').catch(() => '')) === text) return;
    await writeAtomically(path, text);
  }

  async #run(tool: 'apt-get' | 'apt-cache', args: readonly string[], cwd?: string): Promise<string> {
    // apt gives up at once when another apt holds its locks; this waits for it, and becomes apt, which can be stopped.
    const locked = [
      '--no-fork',
      '--exclusive',
      join(this.#directory, 'lock'),
      tool,
      '-c',
      join(this.#directory, 'apt.conf'),
    ];
    return runTool('flock', [...locked, ...args], {
      package: 'apt and util-linux',
      ...(cwd && { cwd }),
      ...(this.#signal && { signal: this.#signal }),
    });
  }

  /**
   * An option that gives apt a package database. It is named after its text: apt builds its index of all packages anew
   * whenever the file is another one.
   */
  async #statusOption(text: string): Promise<string> {
    const name = `status-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
    await this.#write(name, text);
    return `Dir::State::status=${join(this.#directory, name)}`;
  }

  /** When the package lists were last fetched; undefined when never. */
  async listsDate(): Promise<string | undefined> {
    return readFile(join(this.#directory, 'lists-date'), 'utf8').catch(() => undefined);
  }

  /**
   * Fetches the package lists if there are none or they are a day old.
   *
   * @throws BuildError `download` when there are none and they cannot be fetched
   */
  async updateLists(options: { force?: boolean; onProgress?: (message: string) => void } = {}): Promise<void> {
    const date = await this.listsDate();
    if (!options.force && date && Date.now() - Date.parse(date) < listsAgeMsMax) return;
    options.onProgress?.('fetching package lists');
    try {
      await this.#run('apt-get', ['-q', 'update', '-o', 'APT::Update::Error-Mode=any']);
    } catch (cause) {
      if (cause instanceof BuildError && cause.code === 'tool-missing') throw cause;
      if (date) return options.onProgress?.('package lists cannot be fetched; using those of the last time');
      const sentence = `The package lists cannot be fetched: ${(cause as Error).message}`;
      throw new BuildError('download', sentence, { cause });
    }
    await this.#write('lists-date', new Date().toISOString());
  }

  /**
   * The packages with all that they depend on, but for assumed-present.ts; sorted by name.
   *
   * @throws BuildError `packages` naming what does not exist or does not fit together
   */
  async resolve(names: readonly string[]): Promise<DebianPackage[]> {
    let uris: string;
    try {
      // apt prints nothing about packages that it has downloaded already, so it is shown a folder without any.
      const archives = `Dir::Cache::archives=${join(this.#directory, 'no-archives')}/`;
      const install = ['install', '--print-uris', '-qq', '-y', '--', ...names];
      const status = await this.#statusOption(assumedPresent(names));
      uris = await this.#run('apt-get', ['-o', status, '-o', archives, ...install]);
    } catch (cause) {
      // 100 is apt's own refusal; anything else, such as a kill, says nothing about the packages.
      if (!/failed with status 100\b/.test((cause as Error).message)) throw cause;
      throw new BuildError('packages', explain(cause as Error, names), { cause });
    }
    const files = uris.split('\n').flatMap((line) => /^'[^']+' (\S+_\S+_\S+\.deb) /.exec(line)?.[1] ?? []);
    return this.#describe(files);
  }

  async #describe(fileNames: readonly string[]): Promise<DebianPackage[]> {
    const wanted = fileNames.map((fileName) => {
      const [name = '', version = ''] = fileName.split('_').map(decodeURIComponent);
      return { fileName, name, version };
    });
    const versions = wanted.map(({ name, version }) => `${name}=${version}`);
    const status = await this.#statusOption(assumedPresent([]));
    const shown = await this.#run('apt-cache', ['-o', status, 'show', '--no-all-versions', ...versions]);
    const stanzas = shown.split(/\n\n+/);
    const described = new Map(
      stanzas.map((stanza) => [`${field(stanza, 'Package')}=${field(stanza, 'Version')}`, stanza]),
    );
    return wanted
      .map(({ fileName, name, version }) => {
        const stanza = described.get(`${name}=${version}`);
        const sha256 = stanza && field(stanza, 'SHA256');
        if (!stanza || !sha256)
          throw new BuildError('packages', `apt knows no digest of the package ${name} ${version}`);
        const architecture = field(stanza, 'Architecture') ?? 'all';
        return { name, version, architecture, sha256, sizeBytes: Number(field(stanza, 'Size')), fileName };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Downloads package files into `archives`; those that are there already are kept.
   *
   * @throws BuildError `download`
   */
  async download(packages: readonly DebianPackage[], onProgress?: (message: string) => void): Promise<void> {
    const absent = packages.filter(({ fileName }) => !existsSync(join(this.archives, fileName)));
    if (absent.length === 0) return;
    const total = absent.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    onProgress?.(`downloading ${absent.length} packages (${(total / 1e6).toFixed(1)} MB)`);
    const versions = absent.map(({ name, version }) => `${name}=${version}`);
    // apt-get download writes under the final name from the first byte on, and another build may look there.
    const folder = await mkdtemp(join(this.archives, 'partial', 'osv-'));
    try {
      const status = await this.#statusOption(assumedPresent([]));
      await this.#run('apt-get', ['-o', status, '-q', 'download', ...versions], folder);
      for (const { fileName } of absent) await rename(join(folder, fileName), join(this.archives, fileName));
    } catch (cause) {
      throw new BuildError('download', `Packages cannot be downloaded: ${(cause as Error).message}`, { cause });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function field(stanza: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
}

function explain(error: Error, names: readonly string[]): string {
  const unknown = /Unable to locate package ([^\s;]+)|Couldn't find any package by \S+ '([^']+)'/.exec(error.message);
  const name = unknown?.[1] ?? unknown?.[2];
  if (name) return `There is no Debian package ${name}`;
  const unavailable = /Package '?([^\s']+)'? has no installation candidate/.exec(error.message)?.[1];
  if (unavailable) return `The Debian package ${unavailable} is not available here`;
  return `The packages ${names.join(', ')} cannot be resolved: ${error.message}`;
}
