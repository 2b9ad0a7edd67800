/** What a container image of ours is made of. */
export interface Recipe {
  /** Name of the image, and of its repository. */
  readonly name: string;
  readonly description: string;
  /** The workspace whose main.ts it runs; its production dependencies come along. */
  readonly workspace: string;
  /** Flags of Node.js. */
  readonly nodeFlags: readonly string[];
  /** Debian packages, with what they depend on. */
  readonly packages: readonly string[];
}

/** Node.js, and skopeo with the certificates that it trusts. */
const base = ['libc6', 'libstdc++6', 'libgcc-s1', 'skopeo', 'ca-certificates', 'tzdata'];

/**
 * V8 lets the space of new objects grow to 64 MiB and more while many come and go (`--max-semi-space-size`, in MiB), and
 * the old one to twice what lives in it (`--heap-growing-percent`): most of what the operator would take with a few
 * thousand apps. With less, collections are more and shorter.
 */
export const operatorNodeFlags = ['--max-semi-space-size=4', '--heap-growing-percent=30'];

/** apt checks signatures by a shell script (apt-key), which calls the rest of these. */
const aptAndItsShell = [
  'apt',
  'dpkg',
  'debian-archive-keyring',
  'gpgv',
  'dash',
  'coreutils',
  'findutils',
  'grep',
  'sed',
];

export const recipes: readonly Recipe[] = [
  {
    name: 'osv-operator',
    description: 'Reconciles OsvApp: builds its image, launches it on KubeVirt, watches it',
    workspace: 'operator',
    nodeFlags: operatorNodeFlags,
    packages: base,
  },
  {
    name: 'osv-builder',
    description: 'Builds the image of an OsvApp and pushes it to a registry',
    workspace: 'image-builder',
    nodeFlags: [],
    // erofs-utils packs, libc-bin has ldconfig, util-linux has flock.
    packages: [...base, ...aptAndItsShell, 'erofs-utils', 'libc-bin', 'util-linux'],
  },
];
