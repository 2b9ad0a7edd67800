import { billOfMaterials } from '../contents/bill-of-materials.ts';
import type { DebianPackage } from '../source/packages/apt.ts';
import type { NpmPackage } from './production-packages.ts';

function npmComponent({ path, name, version, integrity }: NpmPackage): object {
  const sha512 = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  return {
    type: 'library',
    'bom-ref': `npm:${path}@${version}`,
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(sha512 && { hashes: [{ alg: 'SHA-512', content: Buffer.from(sha512, 'base64').toString('hex') }] }),
  };
}

/** What a container image of ours is made of, as CycloneDX 1.6: packages of Debian and of npm, Node.js, the kernel. */
export function containerBill(
  debian: readonly DebianPackage[],
  npm: readonly NpmPackage[],
  node: { version: string; sha256: string },
  kernel: { version: string; sha256: string },
): Record<string, unknown> {
  const bill = billOfMaterials(debian, [], kernel) as { components: object[] };
  const runtime = {
    type: 'platform',
    'bom-ref': `node@${node.version}`,
    name: 'node',
    version: node.version,
    purl: `pkg:generic/node@${node.version}`,
    hashes: [{ alg: 'SHA-256', content: node.sha256 }],
  };
  return { ...bill, components: [...bill.components, runtime, ...npm.map(npmComponent)] };
}
