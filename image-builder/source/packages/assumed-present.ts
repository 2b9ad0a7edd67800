/**
 * Packages that are needed only by maintainer scripts and by the init system. An image runs one program and no
 * maintainer script, so apt is told that they are there already (docs/decisions/0003-packages-without-scripts.md).
 */
const names: readonly string[] = [
  'adduser',
  'base-files',
  'base-passwd',
  'cdebconf',
  'debconf',
  'dpkg',
  'init-system-helpers',
  'install-info',
  'libpam-runtime',
  'login',
  'logrotate',
  'lsb-base',
  'man-db',
  'passwd',
  'procps',
  'systemd',
  'systemd-sysv',
  'sysvinit-utils',
  'tar',
  'ucf',
  'udev',
  'usrmerge',
  'usr-is-merged',
];

const provides: Record<string, string> = { debconf: 'debconf-2.0', systemd: 'default-logind, logind' };

/** A dpkg status file (deb-control(5)) that lists them as installed, but for those that are asked for by name. */
export function assumedPresent(wanted: readonly string[]): string {
  return names
    .filter((name) => !wanted.includes(name))
    .map((name) =>
      [
        `Package: ${name}`,
        'Status: install ok installed',
        'Maintainer: none',
        'Architecture: all',
        'Multi-Arch: foreign',
        // Above every version that a dependency may ask for.
        'Version: 99:99',
        ...(provides[name] ? [`Provides: ${provides[name]}`] : []),
        'Description: not part of images',
        '',
      ].join('\n'),
    )
    .join('\n');
}
