import { BuildError } from '../error.ts';
import { runTool } from '../run-tool.ts';
import { formatReference, type ImageReference, isLoopback } from './reference.ts';

/** How a registry is reached. What is left open is as skopeo finds it: auth.json, registries.conf, certs.d. */
export interface RegistryAccess {
  /** Credentials, as in containers-auth.json(5) or Docker's config.json. */
  readonly authFile?: string | undefined;
  /** Plain HTTP and certificates of unknown authorities are taken too. A registry on loopback may always have them. */
  readonly insecure?: boolean | undefined;
  /** Folder with the certificates (`*.crt`) of authorities that are trusted besides the system's. */
  readonly certificateDirectory?: string | undefined;
}

export interface SkopeoOptions {
  readonly access?: RegistryAccess | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Folder for large unfinished files; the system's without it. */
  readonly temporaryDirectory?: string | undefined;
  readonly cwd?: string;
}

const retries = 2;

/**
 * The options of skopeo for one end of a transfer.
 *
 * @param side `src-` or `dest-` for a copy, nothing where there is one end only
 */
export function accessOptions(
  reference: ImageReference,
  access: RegistryAccess,
  side: '' | 'src-' | 'dest-',
): string[] {
  const { authFile, insecure, certificateDirectory } = access;
  return [
    ...(authFile === undefined ? [] : [`--${side}authfile=${authFile}`]),
    ...(certificateDirectory === undefined ? [] : [`--${side}cert-dir=${certificateDirectory}`]),
    ...(insecure || isLoopback(reference) ? [`--${side}tls-verify=false`] : []),
  ];
}

/** The reference in the words of skopeo. */
export function dockerName(reference: ImageReference): string {
  return `docker://${formatReference(reference)}`;
}

/**
 * Runs a command of skopeo about an image.
 *
 * @throws BuildError `not-found` where the registry has no such image, `registry-denied`, `registry`, `tool-missing`
 */
export async function runSkopeo(
  command: 'copy' | 'inspect',
  args: readonly string[],
  reference: ImageReference,
  options: SkopeoOptions,
): Promise<string> {
  const { signal, cwd, temporaryDirectory } = options;
  const common = ['--override-os=linux', '--override-arch=amd64'];
  if (temporaryDirectory !== undefined) common.push(`--tmpdir=${temporaryDirectory}`);
  try {
    return await runTool('skopeo', [...common, command, `--retry-times=${retries}`, ...args], {
      package: 'skopeo',
      ...(signal && { signal }),
      ...(cwd !== undefined && { cwd }),
    });
  } catch (cause) {
    if (!(cause instanceof BuildError) || cause.code !== 'tool-failed') throw cause;
    throw explain(cause, reference);
  }
}

/** What skopeo says, and what it means. */
const meanings: readonly [pattern: RegExp, code: 'not-found' | 'registry-denied' | 'registry', meaning: string][] = [
  [/manifest unknown|name unknown|repository name not known|was deleted or has expired/i, 'not-found', 'has no image'],
  [
    // A tag or a name may be 403 as well.
    /unauthorized|authentication required|access .*denied|denied:|invalid username\/password|status(?: ?code)?(?: from registry)?:? 403\b/i,
    'registry-denied',
    'refuses',
  ],
  [/HTTP response to HTTPS client/i, 'registry', 'speaks plain HTTP, which must be allowed (--insecure), for'],
  [/x509|certificate/i, 'registry', 'shows a certificate of an unknown authority (--cert-dir names more) for'],
];

/** The error of a registry behind the end of skopeo. */
export function explain(cause: BuildError, reference: ImageReference): BuildError {
  const name = formatReference(reference);
  const quoted = /msg="((?:[^"\\]|\\.)*)"/g;
  const said = [...cause.message.matchAll(quoted)].at(-1)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? cause.message;
  for (const [pattern, code, meaning] of meanings) {
    if (!pattern.test(said)) continue;
    const detail = code === 'not-found' ? '' : `: ${said}`;
    return new BuildError(code, `The registry ${reference.registry} ${meaning} ${name}${detail}`, { cause });
  }
  return new BuildError('registry', `The registry ${reference.registry} failed for ${name}: ${said}`, { cause });
}
