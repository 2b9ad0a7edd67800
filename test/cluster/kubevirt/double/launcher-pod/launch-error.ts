/** Why no launcher pod can be made; `reason` becomes that of the VMI's condition Synchronized. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  readonly code = 'launch-failed';
  readonly reason: 'FailedCreate' | 'FailedPvcNotFound';

  constructor(reason: LaunchError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}
