/** What a container image of ours is made of. */
export interface Recipe {
  /** Name of the image, and of its repository. */
  readonly name: string;
  readonly description: string;
  /** The workspace whose main.ts it runs; its production dependencies come along. */
  readonly workspace: string;
  /** Debian packages, with what they depend on. */
  readonly packages: readonly string[];
}

/** Node.js, and skopeo with the certificates that it trusts. */
const base = ['libc6', 'libstdc++6', 'libgcc-s1', 'skopeo', 'ca-certificates', 'tzdata'];

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
    packages: base,
  },
  {
    name: 'osv-builder',
    description: 'Builds the image of an OsvApp and pushes it to a registry',
    workspace: 'image-builder',
    // erofs-utils packs, libc-bin has ldconfig, util-linux has flock.
    packages: [...base, ...aptAndItsShell, 'erofs-utils', 'libc-bin', 'util-linux'],
  },
];
