import type { BootConfiguration, BootManagement, BootMount, BootNetwork } from '../types/boot-configuration.ts';
import type { EntryPoint } from '../types/image-manifest.ts';

/** The management server's TCP port in every guest; metrics and health are served there. */
export const managementPort = 9180;

/** What a user says about a program, over what its image says. */
export interface ProgramRequest {
  /** Replaces the image's whole command. */
  command?: string[];
  /** Follows `command`; without a command it follows the image's program and replaces its arguments. */
  arguments?: string[];
  /** NAME=value; these win over the image's. */
  environment?: string[];
  workingDirectory?: string;
  hostname: string;
  mounts?: BootMount[];
  tracepoints?: string[];
  logLevel?: 'debug' | 'info' | 'warning' | 'error';
  /** The addresses of the guest's interfaces; undefined for a guest without a network device. */
  network: BootNetwork | undefined;
  /** Between the power button and SIGTERM; 0 without it. */
  stopDelaySeconds?: number;
  /** Bearer token of the management server in hexadecimal: 32 to 128 digits. A guest without a network has none. */
  token: string;
}

/** Puts together what the guest boots with; undefined when neither user nor image names a program. */
export function bootConfiguration(entryPoint: EntryPoint, request: ProgramRequest): BootConfiguration | undefined {
  const command = wholeCommand(entryPoint, request);
  const program = command[0];
  if (program === undefined) return undefined;
  const management: BootManagement = request.network ? { port: managementPort, token: request.token } : { port: 0 };
  return {
    version: 1,
    program,
    arguments: command,
    environment: mergeEnvironment(entryPoint.environment, request.environment ?? []),
    workingDirectory: request.workingDirectory ?? entryPoint.workingDirectory,
    user: entryPoint.user,
    hostname: request.hostname,
    network: request.network ?? { interfaces: [] },
    ...(request.mounts?.length ? { mounts: request.mounts } : {}),
    management,
    ...(request.stopDelaySeconds ? { stop: { delaySeconds: request.stopDelaySeconds } } : {}),
    kernel: {
      panic: 'poweroff',
      ...(request.tracepoints?.length ? { tracepoints: request.tracepoints } : {}),
      ...(request.logLevel ? { logLevel: request.logLevel } : {}),
    },
  };
}

/** The meaning of command and args in a pod's spec: args alone keep the image's program. */
function wholeCommand(image: EntryPoint, request: ProgramRequest): string[] {
  if (request.command?.length) return [...request.command, ...(request.arguments ?? [])];
  if (request.arguments === undefined) return image.command;
  return [...image.command.slice(0, image.fixedWords ?? 1), ...request.arguments];
}

/** Later entries win, and stand where the name stood first. */
export function mergeEnvironment(...lists: string[][]): string[] {
  const values = new Map<string, string>();
  for (const entry of lists.flat()) values.set(entry.slice(0, entry.indexOf('=')), entry);
  return [...values.values()];
}
