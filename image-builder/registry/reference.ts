import { BuildError } from '../error.ts';

/** The name of an image in a registry. */
export interface ImageReference {
  /** Host, with a port where it is not the usual one. */
  readonly registry: string;
  readonly repository: string;
  /** Given unless there is a digest. */
  readonly tag?: string;
  /** sha256:… */
  readonly digest?: string;
}

const hostPattern = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?$/;
const repositoryPattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;
const nameLengthMax = 255;

/**
 * Reads `[registry/]repository[:tag][@digest]` with the grammar and the defaults that Docker gave it: Docker Hub, its
 * `library/`, `latest`. A digest wins over a tag.
 *
 * @throws BuildError `bad-source`
 */
export function parseReference(text: string): ImageReference {
  const bad = (reason: string) => new BuildError('bad-source', `${JSON.stringify(text)} names no image: ${reason}`);
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest))) {
    throw bad('a digest is written sha256: and 64 hexadecimal digits');
  }
  const [, name = named, tag] = /^(.*):([^/:]*)$/.exec(named) ?? [];
  if (tag !== undefined && !tagPattern.test(tag)) throw bad(`${JSON.stringify(tag)} is no tag`);
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const hosted = /[.:[]/.test(first) || first === 'localhost' || /[A-Z]/.test(first);
  const registry = hosted ? first : 'docker.io';
  const rest = hosted ? name.slice(slash + 1) : name;
  const repository = registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
  if (!hostPattern.test(registry)) throw bad(`${JSON.stringify(registry)} is no host`);
  if (!repositoryPattern.test(repository) || repository.length > nameLengthMax) {
    throw bad(`${JSON.stringify(repository)} is no repository; use lower-case letters, digits, . _ - and /`);
  }
  if (digest !== undefined) return { registry, repository, digest };
  return { registry, repository, tag: tag ?? 'latest' };
}

/** `registry/repository:tag`, or `registry/repository@digest`. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`}`;
}

/** Whether a registry is on this machine; no network lies between, so plain HTTP will do, as Docker has it. */
export function isLoopback({ registry }: ImageReference): boolean {
  return /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?$/.test(registry);
}
