/** Serves one program from both guests, each behind a TAP in a namespace of its own, and measures them in turn. */
import { type Machine, type System, startMachine } from '../../guest/machine.ts';
import { makeNamespace, type NetworkNamespace } from '../../guest/network-namespace.ts';
import { append, median, type PartOptions } from '../result.ts';

export interface Served {
  readonly machine: Machine;
  readonly network: NetworkNamespace;
}

export interface ServeOptions {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** Resolves when the program answers. */
  ready(served: Served): Promise<void>;
  readonly cpus?: number;
  readonly memoryMib?: number;
  readonly managementPort?: number;
}

export async function serve(system: System, options: ServeOptions): Promise<Served> {
  const network = await makeNamespace();
  const machine = await startMachine({
    system,
    name: options.name,
    files: options.files,
    command: options.command,
    address: `${network.guestAddress}/24`,
    extra: network.qemu,
    prefix: network.prefix,
    cpus: options.cpus ?? 1,
    memoryMib: options.memoryMib ?? 512,
    ...(options.managementPort === undefined ? {} : { managementPort: options.managementPort }),
  });
  const served = { machine, network };
  try {
    await options.ready(served);
  } catch (error) {
    await machine.stop();
    await network.remove();
    throw error;
  }
  return served;
}

export async function stopServing(served: Served): Promise<void> {
  await served.machine.stop();
  await served.network.remove();
}

/** Medians of each figure that `measure` gives, rounds alternating between the systems. */
export async function sideBySide(
  options: PartOptions,
  service: ServeOptions,
  measure: (served: Served) => Promise<Record<string, number>>,
): Promise<Partial<Record<System, Record<string, number>>>> {
  const running: Partial<Record<System, Served>> = {};
  const samples: Partial<Record<System, Record<string, number[]>>> = {};
  try {
    for (const system of options.systems) {
      try {
        running[system] = await serve(system, service);
      } catch (error) {
        options.log(error instanceof Error ? error.message : String(error));
      }
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const [system, served] of Object.entries(running) as [System, Served][]) {
        options.log(`${service.name} on ${system}, round ${round + 1} of ${options.rounds}`);
        try {
          const figures = await measure(served);
          const kept: Record<string, number[]> = samples[system] ?? {};
          samples[system] = kept;
          for (const [name, value] of Object.entries(figures)) append(kept, name, value);
        } catch (error) {
          options.log(`${system}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
  } finally {
    for (const served of Object.values(running)) await stopServing(served);
  }
  const medians: Partial<Record<System, Record<string, number>>> = {};
  for (const [system, figures] of Object.entries(samples) as [System, Record<string, number[]>][]) {
    medians[system] = Object.fromEntries(Object.entries(figures).map(([name, list]) => [name, median(list) ?? 0]));
  }
  return medians;
}
