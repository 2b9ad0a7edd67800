import type { FileTree } from './file-tree.ts';

const directories: readonly [path: string, mode: number][] = [
  ['/dev', 0o755],
  ['/etc', 0o755],
  ['/home', 0o755],
  ['/mnt', 0o755],
  ['/proc', 0o555],
  ['/root', 0o700],
  ['/run', 0o755],
  ['/sys', 0o555],
  ['/tmp', 0o1777],
  ['/var/cache', 0o755],
  ['/var/lib', 0o755],
  ['/var/log', 0o755],
  ['/var/tmp', 0o1777],
];

const files: readonly [path: string, text: string][] = [
  [
    '/etc/passwd',
    `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`,
  ],
  ['/etc/group', 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n'],
  ['/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n'],
  ['/etc/hosts', '127.0.0.1\tlocalhost\n::1\tlocalhost\n'],
  ['/etc/hostname', 'localhost\n'],
  // The kernel writes the nameservers of the boot configuration here, into the overlay.
  ['/etc/resolv.conf', ''],
];

/** Adds what programs expect of any Linux system and the source did not bring. */
export function addStandardFiles(tree: FileTree): void {
  for (const [path, mode] of directories) {
    if (!tree.lookup(path)) tree.makeDirectory(path, mode);
  }
  for (const [path, text] of files) {
    if (!tree.lookup(path)) tree.addFile(path, 0o644, { bytes: Buffer.from(text) });
  }
  if (!tree.lookup('/var/run', { followLast: false })) tree.addSymlink('/var/run', '../run');
}
