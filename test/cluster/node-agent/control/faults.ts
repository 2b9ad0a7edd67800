/** What goes wrong on purpose. Plain state that the parts of the agent look at; everything is off at first. */
export class Faults {
  /** Before a launcher pod is reported as running. */
  podDelayMilliseconds = 0;
  /** Before a guest is booted. */
  bootDelayMilliseconds = 0;
  /** Before a guest is asked to stop. */
  stopDelayMilliseconds = 0;
  /** Images whose reference contains this text cannot be pulled; `''` means all. */
  pullsFail: string | undefined;

  clear(): void {
    this.podDelayMilliseconds = 0;
    this.bootDelayMilliseconds = 0;
    this.stopDelayMilliseconds = 0;
    this.pullsFail = undefined;
  }

  /** Why the pull of an image is to fail. */
  pullFailure(reference: string): string | undefined {
    const fails = this.pullsFail !== undefined && reference.includes(this.pullsFail);
    return fails ? 'pulls fail on purpose' : undefined;
  }
}
