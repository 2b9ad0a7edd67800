import { parseArgs } from 'node:util';
import { BuildError } from '../error.ts';

export const usage = `osv-builder: builds the image of an OsvApp and pushes it to a registry

  osv-builder --app app.yaml --kernel osv.elf --push registry.example/osv/images
  osv-builder --app - --kernel osv.elf --push 127.0.0.1:5000/images --result result.json < app.json

  --app FILE           the OsvApp, as YAML or JSON; - for standard input
  --kernel FILE        the kernel's ELF file; OSV_KERNEL without it
  --push REPOSITORY    registry/repository; the tag is the key of the image
  --result FILE        where the result goes, one line of JSON; - for standard output, which is the default
  --auth-file FILE     credentials for registries (containers-auth.json(5), Docker's config.json)
  --cert-dir FOLDER    certificates (*.crt) of authorities that are trusted besides the system's
  --insecure           let the registry that is pushed to have plain HTTP and unknown certificates
  --cache FOLDER       images, packages and unfinished work; only one machine's processes may share it
  --local-files        let the app name folders and archives of this machine

Exit status: 0 built, 1 the app must change, 2 wrong words, 75 try again later, 143 interrupted.
`;

export interface BuilderOptions {
  readonly app: string;
  readonly kernel: string;
  readonly push: string;
  readonly result: string;
  readonly authFile: string | undefined;
  readonly certificateDirectory: string | undefined;
  readonly insecure: boolean;
  readonly cache: string | undefined;
  readonly localFiles: boolean;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

/**
 * @returns the options, or `help`
 * @throws BuildError `usage`, and what parseArgs throws
 */
export function parseOptions(words: readonly string[], environment: NodeJS.ProcessEnv): BuilderOptions | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      app: text,
      kernel: text,
      push: text,
      result: { type: 'string', default: '-' },
      'auth-file': text,
      'cert-dir': text,
      insecure: flag,
      cache: text,
      'local-files': flag,
      help: flag,
    },
  });
  if (values.help) return 'help';
  const required = (name: 'app' | 'kernel' | 'push'): string => {
    const value = values[name];
    if (value === undefined || value === '') throw new BuildError('usage', `--${name} is missing; see --help`);
    return value;
  };
  return {
    app: required('app'),
    kernel: values.kernel ?? environment.OSV_KERNEL ?? required('kernel'),
    push: required('push'),
    result: values.result,
    authFile: values['auth-file'],
    certificateDirectory: values['cert-dir'],
    insecure: values.insecure,
    cache: values.cache,
    localFiles: values['local-files'],
  };
}
