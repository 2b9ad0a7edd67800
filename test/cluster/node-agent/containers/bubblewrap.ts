/** Something of this machine that a container sees at a place of its own. */
export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
}

export interface Box {
  /** The container's root, with a place for each mount. */
  root: string;
  readOnlyRoot: boolean;
  mounts: readonly Mount[];
  user: number;
  group: number;
  hostname: string;
  environment: Readonly<Record<string, string>>;
  workingDirectory: string;
  /** Where bubblewrap writes the process id of the program. */
  infoDescriptor: number;
}

/**
 * bubblewrap's arguments (bwrap(1)) for a container: user, mount, process, IPC and host name spaces of its own, no
 * capabilities; the network is that of whoever starts it. The program is process 1, as in a container. Its user is an
 * alias of the agent's own, so that files need no other owner.
 */
export function bubblewrapArguments(box: Box, command: readonly string[]): string[] {
  const bind = ({ source, target, readOnly }: Mount) => [readOnly ? '--ro-bind' : '--bind', source, target];
  return [
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...['--uid', `${box.user}`, '--gid', `${box.group}`, '--hostname', box.hostname],
    ...['--die-with-parent', '--as-pid-1', '--info-fd', `${box.infoDescriptor}`],
    ...bind({ source: box.root, target: '/', readOnly: box.readOnlyRoot }),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...box.mounts.flatMap(bind),
    '--clearenv',
    ...Object.entries(box.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--chdir', box.workingDirectory, '--', ...command],
  ];
}
