import { basename } from 'node:path';
import type { DebianPackage } from '../source/packages/apt.ts';

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
 */
export function billOfMaterials(
  packages: readonly DebianPackage[],
  files: readonly ListedFile[],
  kernel: { version: string; sha256: string },
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
    ...files.map(fileComponent),
  ];
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    components,
  };
}
