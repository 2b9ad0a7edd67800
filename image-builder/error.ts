/** What went wrong, for programs. */
export type BuildErrorCode =
  | 'not-found'
  | 'not-runnable'
  | 'bad-archive'
  | 'bad-source'
  | 'packages'
  | 'download'
  | 'registry'
  | 'registry-denied'
  | 'tool-missing'
  | 'tool-failed'
  | 'interrupted'
  | 'usage'
  | 'unsupported';

/** Why an image cannot be built or a program not be judged; the message is a sentence that a person can act on. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
  readonly code: BuildErrorCode;

  constructor(code: BuildErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether the system refused something, such as more space on a disk: that says nothing about what was read. */
export function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
