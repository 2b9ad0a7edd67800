/** What the operator's parts need of a log; a pino logger is one. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** For programs that report in another way, and for tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
