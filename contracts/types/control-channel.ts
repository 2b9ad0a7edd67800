// Generated from contracts/control-channel.schema.json by `npm run generate`; do not edit.

export type GuestEvent = ReadyEvent | ExitEvent | KilledEvent | PanicEvent | FailedEvent;

/**
 * One JSON object a line over the virtio-serial port `dev.osv.control`
 */
export interface ControlChannel {
  fromGuest: GuestEvent;
  toGuest: HostCommand;
}
/**
 * The program is about to execute its first instruction
 */
export interface ReadyEvent {
  event: 'ready';
  bootMicroseconds: number;
}
/**
 * The program ended by itself
 */
export interface ExitEvent {
  event: 'exit';
  code: number;
}
/**
 * A signal ended the program
 */
export interface KilledEvent {
  event: 'exit';
  signal: number;
}
export interface PanicEvent {
  event: 'panic';
  message: string;
}
/**
 * The program could not be started
 */
export interface FailedEvent {
  event: 'failed';
  message: string;
  /**
   * Exit status for a command line: 127 not found, 126 not executable or wrong architecture, 125 anything else
   */
  status?: 125 | 126 | 127;
}
/**
 * Delivers a signal to the program
 */
export interface HostCommand {
  signal: number;
}
