/** What went wrong, as a stable word that scripts and tests can match. */
export type LocalErrorCode =
  | 'app-file-invalid'
  | 'boot-failed'
  | 'image-not-found'
  | 'instance-exists'
  | 'instance-not-found'
  | 'instance-running'
  | 'invalid-argument'
  | 'kernel-missing'
  | 'machine-failed'
  | 'memory-too-small'
  | 'not-executable'
  | 'not-found'
  | 'not-ready'
  | 'port-in-use'
  | 'tool-missing'
  | 'unsupported';

/** The exit codes of docker and of POSIX shells: the tool failed, cannot be executed, not found. */
export const exitCodes = { toolFailed: 125, notExecutable: 126, notFound: 127 } as const;

/** An error whose message is one sentence that a person can act on. */
export class LocalError extends Error {
  readonly code: LocalErrorCode;
  /** Exit code of a command that ends with this error. */
  readonly exitCode: number;

  constructor(code: LocalErrorCode, message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LocalError';
    this.code = code;
    this.exitCode = options.exitCode ?? exitCodes.toolFailed;
  }
}

/** Whether `error` is a Node.js system error with this code, such as ENOENT. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
