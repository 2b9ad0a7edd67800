// npm run images: composes the container images of operator and builder, and pushes them where that is asked for.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { version } from '@osv/contracts';
import { defaultCacheDirectory } from '../cache/image-cache.ts';
import { BuildError } from '../error.ts';
import { pushBill, pushLayout } from '../publish/registry.ts';
import { parseReference } from '../registry/reference.ts';
import { composeImage } from './compose.ts';
import { recipes } from './recipes.ts';

const usage = `npm run images -- [--push REGISTRY/PREFIX] [--tag TAG] [NAME…]

Composes the container images ${recipes.map(({ name }) => name).join(', ')} as OCI layouts below build/images, each with
its bill of materials (CycloneDX) beside it, and prints a line for each: name, digest or reference, bytes.

  --push REGISTRY/PREFIX  push them to REGISTRY/PREFIX/NAME, with their bills of materials
  --tag TAG               their tag there; ${version} without it
  --auth-file FILE, --cert-dir FOLDER, --insecure   how the registry is reached
`;

const root = join(import.meta.dirname, '../..');

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      push: text,
      tag: { type: 'string', default: version },
      'auth-file': text,
      'cert-dir': text,
      insecure: flag,
      help: flag,
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const unknown = positionals.find((name) => !recipes.some((recipe) => recipe.name === name));
  if (unknown !== undefined) throw new BuildError('usage', `There is no image ${unknown}; see --help`);
  const wanted = recipes.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const access = { authFile: values['auth-file'], certificateDirectory: values['cert-dir'], insecure: values.insecure };
  for (const recipe of wanted) {
    const image = await composeImage(recipe, join(root, 'build/images'), {
      root,
      kernelPath: process.env.OSV_KERNEL || join(root, 'build/kernel/osv.elf'),
      aptDirectory: join(defaultCacheDirectory(process.env), 'apt'),
      onProgress: (message) => process.stderr.write(`${recipe.name}: ${message}\n`),
    });
    let shown = image.digest;
    if (values.push !== undefined) {
      process.stderr.write(`${recipe.name}: pushing\n`);
      const target = parseReference(`${values.push}/${recipe.name}:${values.tag}`);
      const subject = { digest: image.digest, sizeBytes: image.manifestBytes };
      await pushBill(image.bill, subject, target, { access });
      shown = await pushLayout(image.layoutPath, image.digest, target, { access });
    }
    process.stdout.write(`${recipe.name} ${shown} ${image.sizeBytes}\n`);
  }
}

main().catch((error: Error) => {
  process.stderr.write(`${error instanceof BuildError ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
