import { runTool } from '../run-tool.ts';

/** Every image is made anew from its source, so nothing ever needs to tell two of them apart by UUID. */
const fixedUuid = '05f05f00-0000-4000-8000-000000000001';

/**
 * Packs a directory into an uncompressed EROFS image. The same files give the same bytes: times are 0, the owner is
 * root, extended attributes are left out, the UUID is fixed, and mkfs.erofs sorts names itself.
 */
export async function makeErofs(directory: string, image: string, signal?: AbortSignal): Promise<void> {
  const options = ['--quiet', '-T0', `-U${fixedUuid}`, '--all-root', '-x-1', '-Eforce-inode-compact'];
  await runTool('mkfs.erofs', [...options, image, directory], {
    package: 'erofs-utils',
    ...(signal && { signal }),
  });
}
