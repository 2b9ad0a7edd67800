import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The Go module whose tool dependencies are the control plane's programs. */
export const moduleFolder = join(import.meta.dirname, '..');

export interface GoModule {
  /** The oldest Go that builds it, such as 1.26.0. */
  readonly go: string;
  /** Versions by module path, with the leading v. */
  readonly versions: ReadonlyMap<string, string>;
  /** Packages of the `tool` directives. */
  readonly tools: readonly string[];
}

/** Reads what the build needs of a go.mod; syntax as https://go.dev/ref/mod#go-mod-file has it. */
export function parseGoModule(text: string): GoModule {
  let go = '';
  const versions = new Map<string, string>();
  const tools: string[] = [];
  let block = '';
  for (const raw of text.split('\n')) {
    const words = raw
      .replace(/\/\/.*/, '')
      .trim()
      .split(/\s+/);
    if (words[0] === ')') {
      block = '';
    } else if (block === '' && words[1] === '(') {
      block = words[0] ?? '';
    } else {
      const [directive, first, second] = block === '' ? words : [block, ...words];
      if (directive === 'go' && first) go = first;
      if (directive === 'require' && first && second) versions.set(first, second);
      if (directive === 'tool' && first) tools.push(first);
    }
  }
  return { go, versions, tools };
}

/** Of the control plane, kubectl, and who goes with them: such as v1.37.2. */
export function kubernetesVersion({ versions }: GoModule): string {
  return versions.get('k8s.io/kubernetes') ?? '';
}

export async function readGoModule(folder = moduleFolder): Promise<GoModule> {
  return parseGoModule(await readFile(join(folder, 'go.mod'), 'utf8'));
}
