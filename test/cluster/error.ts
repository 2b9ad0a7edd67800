/** What went wrong, for programs. */
export type ClusterErrorCode =
  | 'address-in-use'
  | 'build-failed'
  | 'process-ended'
  | 'not-ready'
  | 'request-failed'
  | 'tool-missing'
  | 'unsupported';

/** Why a cluster cannot be started or asked; the message is a sentence that a person can act on. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
