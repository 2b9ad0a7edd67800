import { basename } from 'node:path';
import type { DebianPackage } from '../source/packages/apt.ts';
import type { InstalledPackage } from './installed-packages.ts';

/** A file that an image holds and that no package accounts for. */
export interface ListedFile {
  readonly path: string;
  readonly sha256: string;
}

function packageComponent({ name, version, architecture, sha256 }: DebianPackage): object {
  return {
    type: 'library',
    'bom-ref': `deb:${name}@${version}`,
    name,
    version,
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
  };
}

function installedComponent({ kind, distribution, name, version, architecture }: InstalledPackage): object {
  return {
    type: 'library',
    'bom-ref': `${kind}:${name}@${version}`,
    name,
    version,
    purl: `pkg:${kind}/${distribution}/${name}@${encodeURIComponent(version)}?arch=${architecture}`,
  };
}

function fileComponent({ path, sha256 }: ListedFile): object {
  return {
    type: 'file',
    'bom-ref': `file:${path}`,
    name: basename(path),
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    properties: [{ name: 'osv:path', value: path }],
  };
}

/**
 * What an image is made of, as CycloneDX 1.6. It holds no time and no random serial number: the same image has the
 * same bill.
 *
 * @param packages that the builder unpacked itself
 * @param files that no package accounts for
 * @param installed what the source's own package database lists
 */
export function billOfMaterials(
  packages: readonly DebianPackage[],
  files: readonly ListedFile[],
  kernel: { version: string; sha256: string },
  installed: readonly InstalledPackage[] = [],
): Record<string, unknown> {
  const components = [
    {
      type: 'operating-system',
      'bom-ref': 'osv-kernel',
      name: 'osv-kernel',
      version: kernel.version,
      hashes: [{ alg: 'SHA-256', content: kernel.sha256 }],
    },
    ...packages.map(packageComponent),
    ...installed.map(installedComponent),
    ...files.map(fileComponent),
  ];
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    components,
  };
}
