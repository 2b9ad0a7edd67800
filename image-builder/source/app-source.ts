import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LocalOsvApp } from '@osv/contracts';
import { BuildError } from '../error.ts';
import type { Source } from './source.ts';

/**
 * The source that an OsvApp file names.
 *
 * @param folder the file's own folder, from which relative paths count
 * @throws BuildError `unsupported` for runtimes
 */
export function sourceOfApp(app: LocalOsvApp, folder: string): Source {
  const { source, runtime } = app.spec;
  if (runtime && runtime !== 'none') {
    throw new BuildError('unsupported', `spec.runtime ${runtime} cannot be built yet; put the runtime into the source`);
  }
  if (source.packages) return { kind: 'packages', names: source.packages.names };
  if (source.directory) return { kind: 'directory', path: resolve(folder, source.directory.path) };
  if (source.archive) {
    const { url, sha256 } = source.archive;
    if (/^https?:/i.test(url)) return { kind: 'remoteArchive', url, ...(sha256 && { sha256 }) };
    const path = url.startsWith('file:') ? fileURLToPath(new URL(url)) : resolve(folder, url);
    return { kind: 'archive', path, ...(sha256 && { sha256 }) };
  }
  if (source.image) return { kind: 'image', reference: source.image.reference };
  throw new BuildError('bad-source', 'spec.source names neither an image, nor an archive, nor packages');
}
