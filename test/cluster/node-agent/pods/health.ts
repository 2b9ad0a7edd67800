import type { Clock } from '@osv/operator/reconcile-runtime';
import type { LoopbackOf } from '../network/loopback.ts';
import { type Container, type ContainerProbe, keepProbing } from './prober.ts';

export interface PodHealthOptions {
  podAddress: string;
  loopbackOf: LoopbackOf;
  /** Without a look: all is well from the start. */
  pretend: boolean;
  clock: Clock;
  onChange: () => void;
  onUnhealthy: (message: string) => void;
  /** The liveness or the startup probe has given up. */
  onDead: () => void;
}

/** The three probes of a container, and what they say. */
export class PodHealth {
  /** Whether the startup probe has succeeded, if there is one. */
  started: boolean;
  /** Whether the readiness probe succeeds, if there is one. */
  ready: boolean;
  readonly #ended = new AbortController();

  constructor(container: Container | undefined, options: PodHealthOptions) {
    const { startupProbe, readinessProbe, livenessProbe } = options.pretend ? {} : (container ?? {});
    this.started = !startupProbe;
    this.ready = !startupProbe && !readinessProbe;
    const start = (probe: ContainerProbe | undefined, onVerdict: (succeeds: boolean, failure: string) => void) => {
      if (!probe || !container) return;
      const { podAddress, loopbackOf, clock } = options;
      const signal = this.#ended.signal;
      void keepProbing({ probe, container, podAddress, loopbackOf, clock, signal, onVerdict });
    };
    const startOthers = () => {
      start(readinessProbe, (succeeds, failure) => {
        this.ready = succeeds;
        if (!succeeds) options.onUnhealthy(`Readiness probe failed: ${failure}`);
        options.onChange();
      });
      start(livenessProbe, (succeeds, failure) => {
        if (succeeds) return;
        options.onUnhealthy(`Liveness probe failed: ${failure}`);
        options.onDead();
      });
    };
    if (this.started) {
      startOthers();
      return;
    }
    start(startupProbe, (succeeds, failure) => {
      if (succeeds && !this.started) {
        this.started = true;
        this.ready = !readinessProbe;
        startOthers();
        options.onChange();
      } else if (!this.started) {
        options.onUnhealthy(`Startup probe failed: ${failure}`);
        options.onDead();
      }
    });
  }

  end(): void {
    this.#ended.abort();
  }
}
