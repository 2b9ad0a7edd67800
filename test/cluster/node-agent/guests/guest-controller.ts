import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiClient, referenceOf, resources, type VirtualMachineInstance } from '@osv/operator/kubernetes';
import { type Clock, type EventRecorder, type Logger, type ObjectCache, sleep } from '@osv/operator/reconcile-runtime';
import type { Faults } from '../control/faults.ts';
import { messageOf } from '../error.ts';
import { type Guest, PretendGuest } from '../machine/guest.ts';
import type { GuestOutcome } from '../machine/guest-end.ts';
import type { ManagedNode } from '../node/managed-node.ts';
import { isFinal } from '../pods/launcher.ts';
import type { GuestEntry, GuestTable } from './guest-table.ts';
import { type GuestSources, macAddressOf, startGuest } from './start-guest.ts';
import { endedStatus, runningStatus, unsynchronizedStatus } from './vmi-status.ts';

export interface GuestControllerOptions {
  vmis: ObjectCache<VirtualMachineInstance>;
  nodes: ReadonlyMap<string, ManagedNode>;
  guests: GuestTable;
  /** The client by which a node's virt-handler speaks. */
  handlerClient: (node: ManagedNode) => Promise<ApiClient>;
  /** The pod address of a VMI whose launcher pod runs and stays, by the VMI's uid. */
  launcherAddress: (uid: string) => string | undefined;
  /** Called when something about a guest has changed that its pod and its VMI should hear of. */
  onChange: (entry: GuestEntry) => void;
  sources: () => Promise<GuestSources>;
  /** Holds a folder for each guest. */
  folder: string;
  faults: Faults;
  events: EventRecorder;
  logger: Logger;
  clock: Clock;
}

/** What virt-handler does: brings each VMI of our nodes to a machine, and reports the machine in the VMI. */
export class GuestController {
  readonly #options: GuestControllerOptions;

  constructor(options: GuestControllerOptions) {
    this.#options = options;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { vmis, guests, nodes } = this.#options;
    const vmi = vmis.get(referenceOf(key));
    this.#endStale(key, vmi);
    const node = nodes.get(vmi?.status?.nodeName ?? '');
    if (!vmi || !node || node.lost) return;
    const entry = guests.get(vmi.metadata.uid ?? '');
    if (isFinal(vmi)) {
      entry?.guest?.kill();
      return;
    }
    const outcome = entry?.guest?.outcome;
    if (outcome) return this.#finish(vmi, node, outcome);
    if (vmi.metadata.deletionTimestamp) return this.#stop(vmi, node, entry);
    if (entry?.guest) {
      if (vmi.status?.phase !== 'Running') await this.#reportRunning(vmi, node, entry);
      return;
    }
    if (vmi.status?.phase === 'Running') return this.#afterRestart(vmi, node);
    if (vmi.status?.phase === 'Scheduled') await this.#start(vmi, node, signal);
  }

  /** Guests of a VMI that is gone, or has been replaced by another of its name. */
  #endStale(key: string, vmi: Readonly<VirtualMachineInstance> | undefined): void {
    for (const entry of this.#options.guests.named(key)) {
      if (entry.uid !== vmi?.metadata.uid) entry.guest?.kill();
    }
  }

  async #start(vmi: Readonly<VirtualMachineInstance>, node: ManagedNode, signal: AbortSignal): Promise<void> {
    const { guests, faults, clock, launcherAddress } = this.#options;
    const uid = vmi.metadata.uid ?? '';
    const podAddress = launcherAddress(uid);
    if (podAddress === undefined) return;
    const [first] = vmi.spec.domain.devices.interfaces ?? [];
    const entry: GuestEntry = {
      uid,
      reference: { namespace: vmi.metadata.namespace ?? '', name: vmi.metadata.name },
      nodeName: node.name,
      podAddress,
      macAddress: first && (first.macAddress ?? macAddressOf(uid)),
      folder: node.pretend ? undefined : join(this.#options.folder, uid),
      guest: undefined,
    };
    guests.add(entry);
    try {
      if (faults.bootDelayMilliseconds > 0) await sleep(clock, faults.bootDelayMilliseconds, signal);
      entry.guest = await this.#boot(vmi, entry);
    } catch (error) {
      guests.remove(uid);
      await removeFolder(entry);
      await this.#patch(vmi, node, unsynchronizedStatus(vmi, messageOf(error), clock.now())).catch(() => {});
      throw error;
    }
    void entry.guest.ended.then(() => this.#options.onChange(entry));
    // What was true when the start began may not be any more.
    if (signal.aborted) return entry.guest.kill();
    if (node.lost || guests.get(uid) !== entry) {
      entry.guest.kill();
      await entry.guest.ended;
      return removeFolder(entry);
    }
    this.#options.onChange(entry);
    if (!node.pretend) this.#record(vmi, 'Normal', 'Started', 'VirtualMachineInstance started.');
    await this.#reportRunning(vmi, node, entry);
  }

  async #boot(vmi: Readonly<VirtualMachineInstance>, entry: GuestEntry): Promise<Guest> {
    const { folder } = entry;
    if (folder === undefined) return new PretendGuest();
    return startGuest(vmi, { ...entry, folder }, await this.#options.sources());
  }

  async #stop(vmi: Readonly<VirtualMachineInstance>, node: ManagedNode, entry: GuestEntry | undefined): Promise<void> {
    const { faults, clock } = this.#options;
    if (entry?.guest) {
      if (faults.stopDelayMilliseconds > 0) await sleep(clock, faults.stopDelayMilliseconds);
      entry.guest.stop();
      return;
    }
    const phase = vmi.status?.phase;
    if (entry || (phase !== 'Scheduled' && phase !== 'Running')) return;
    await this.#finish(vmi, node, { phase: 'Failed', message: 'The guest was deleted before it had started.' });
  }

  /** This process has no memory of the guest, so it ended with the process before, unless it was only pretended. */
  async #afterRestart(vmi: Readonly<VirtualMachineInstance>, node: ManagedNode): Promise<void> {
    if (!node.pretend) {
      return this.#finish(vmi, node, { phase: 'Failed', message: 'The guest was lost when its node ended.' });
    }
    const uid = vmi.metadata.uid ?? '';
    const podAddress = this.#options.launcherAddress(uid);
    if (podAddress === undefined) return;
    const reference = { namespace: vmi.metadata.namespace ?? '', name: vmi.metadata.name };
    const guest = new PretendGuest();
    const entry = { uid, reference, nodeName: node.name, podAddress, macAddress: undefined, folder: undefined, guest };
    this.#options.guests.add(entry);
    void guest.ended.then(() => this.#options.onChange(entry));
  }

  async #reportRunning(vmi: Readonly<VirtualMachineInstance>, node: ManagedNode, entry: GuestEntry): Promise<void> {
    await this.#patch(vmi, node, runningStatus(vmi, entry, this.#options.clock.now()));
  }

  async #finish(vmi: Readonly<VirtualMachineInstance>, node: ManagedNode, outcome: GuestOutcome): Promise<void> {
    await this.#patch(vmi, node, endedStatus(vmi, outcome, this.#options.clock.now()));
    if (node.pretend) return;
    const failed = outcome.phase === 'Failed';
    this.#record(vmi, failed ? 'Warning' : 'Normal', failed ? 'Stopped' : 'Deleted', outcome.message);
  }

  /** Only if the VMI is still as we saw it: others write its conditions too. */
  async #patch(
    vmi: Readonly<VirtualMachineInstance>,
    node: ManagedNode,
    status: Partial<NonNullable<VirtualMachineInstance['status']>>,
  ): Promise<void> {
    const client = await this.#options.handlerClient(node);
    const { uid, resourceVersion } = vmi.metadata;
    await client.mergePatch(resources.virtualMachineInstances, vmi.metadata, {
      metadata: { uid, resourceVersion },
      status,
    });
  }

  #record(vmi: Readonly<VirtualMachineInstance>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const regarding = { resource: resources.virtualMachineInstances, object: vmi };
    this.#options.events.record(regarding, { type, reason, message, action: reason });
  }
}

async function removeFolder({ folder }: GuestEntry): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
