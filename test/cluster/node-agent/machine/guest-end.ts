/** What was seen of a machine until QEMU ended. */
export interface EndOfGuest {
  /** Reason of QMP's SHUTDOWN event (QEMU QMP Reference, "ShutdownCause"); undefined when QEMU ended without one. */
  shutdownReason: string | undefined;
  panicked: boolean;
  /** How far a stop went that somebody asked for: by the power button, or by force. */
  stop: 'none' | 'asked' | 'forced';
  gracePeriodSeconds: number;
  qemu: { code: number | null; signal: NodeJS.Signals | null };
  /** What QEMU wrote to its standard error. */
  qemuMessage: string;
}

export interface GuestOutcome {
  phase: 'Succeeded' | 'Failed';
  /** A sentence for people. */
  message: string;
}

/**
 * Decides a VMI's last phase as virt-handler does from the domain's (calculateVmPhaseForStatusReason): a crash or a panic
 * fails; a shutdown succeeds; destroyed after the grace period fails, unless there was none to wait for.
 */
export function outcomeOf(end: EndOfGuest): GuestOutcome {
  if (end.panicked) return { phase: 'Failed', message: 'The guest panicked.' };
  if (end.shutdownReason === 'guest-shutdown') return { phase: 'Succeeded', message: 'The guest switched itself off.' };
  if (end.stop === 'forced') {
    if (end.gracePeriodSeconds === 0) return { phase: 'Succeeded', message: 'The guest was switched off.' };
    const seconds = end.gracePeriodSeconds;
    return { phase: 'Failed', message: `The guest did not stop within ${seconds} s and was switched off.` };
  }
  if (end.shutdownReason === 'guest-reset') {
    return { phase: 'Failed', message: 'The guest started again, which its reboot policy ends.' };
  }
  if (end.qemu.signal) return { phase: 'Failed', message: `QEMU was ended by ${end.qemu.signal}.` };
  const complaint = end.qemuMessage.trimEnd().split('\n').at(-1)?.trim();
  return { phase: 'Failed', message: `QEMU ended with code ${end.qemu.code}${complaint ? `: ${complaint}` : ''}.` };
}
