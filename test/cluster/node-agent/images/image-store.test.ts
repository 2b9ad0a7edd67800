import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@osv/local/testing/temporary-folder.ts';
import { expect, test } from 'vitest';
import { writeOciLayout } from '../../../../image-builder/publish/oci-layout.ts';
import { runTool } from '../run-tool.ts';
import { readLayout, unpackLayers, verifyLayout } from './oci-layout.ts';
import { UnpackedImage } from './unpacked-image.ts';

const entryPoint = { command: ['/x'], environment: [], workingDirectory: '/', user: { uid: 0, gid: 0 } };

async function builtImage() {
  const folder = await temporaryFolder();
  const [kernelPath, rootImagePath, layout] = ['kernel', 'disk', 'layout'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(kernelPath, 'a kernel');
  await writeFile(rootImagePath, 'a disk');
  const contents = { kernelPath, rootImagePath, architecture: 'amd64', entryPoint, labels: {} } as const;
  return { folder, layout, digest: await writeOciLayout(contents, layout) };
}

test('an image of ours unpacks into kernel and disk', async () => {
  const { folder, layout, digest } = await builtImage();
  await verifyLayout(layout, digest);
  const image = await readLayout(layout);
  await unpackLayers(image, join(folder, 'root'));
  await UnpackedImage.write(folder, { digest, configuration: image.configuration });
  const unpacked = await UnpackedImage.open(folder, digest);
  expect(await readFile((await unpacked?.diskFile(undefined)) ?? '', 'utf8')).toBe('a disk');
  expect(await readFile((await unpacked?.file('/boot/osv.elf')) ?? '', 'utf8')).toBe('a kernel');
  await expect(unpacked?.file('/boot/other')).rejects.toThrow(/has no file/);
  await writeFile(join(folder, 'root/disk/second.img'), '');
  await expect(unpacked?.diskFile(undefined)).rejects.toThrow(/one file in \/disk/);
});

test('a layout whose blobs are not what they are named is refused', async () => {
  const { layout, digest } = await builtImage();
  await expect(verifyLayout(layout, `sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'image-invalid' });
  const { layerPaths } = await readLayout(layout);
  await writeFile(layerPaths[0] ?? '', 'something else');
  await expect(verifyLayout(layout, digest)).rejects.toMatchObject({ code: 'image-invalid' });
});

test('a whiteout hides what lies below it', async () => {
  const folder = await temporaryFolder();
  const layer = async (name: string, files: string[]) => {
    const source = join(folder, name);
    for (const file of files) {
      await mkdir(join(source, file, '..'), { recursive: true });
      await writeFile(join(source, file), name);
    }
    await runTool('tar', ['-cf', `${source}.tar`, '-C', source, '.']);
    await rm(source, { recursive: true });
    return `${source}.tar`;
  };
  const layerPaths = [
    await layer('lower', ['a/keep', 'a/gone', 'b/old']),
    await layer('upper', ['a/.wh.gone', 'b/.wh..wh..opq', 'b/new']),
  ];
  const root = join(folder, 'root');
  await unpackLayers({ layerPaths, configuration: {} }, root);
  const found = (await runTool('find', [root, '-type', 'f', '-printf', '%P\n'])).trim().split('\n').sort();
  expect(found).toEqual(['a/keep', 'b/new']);
});
