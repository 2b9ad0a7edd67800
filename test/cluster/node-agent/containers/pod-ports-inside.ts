import { openInside } from './pod-ports.ts';

/**
 * The process that a pod's network lasts as long as: it passes the pod's TCP ports on, says `ready` when it does, and
 * ends with its input. Its argument is PodPorts as JSON.
 */
await openInside(JSON.parse(process.argv[2] ?? ''));
process.stdin.resume().on('end', () => process.exit());
process.stdout.write('ready\n');
