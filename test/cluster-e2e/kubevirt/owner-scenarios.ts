import { resourcePath } from '@osv/operator/kubernetes';
import { guestSpec } from '../../cluster/kubevirt/double/samples.ts';
import type { Instance, Machine, RunStrategy } from '../../cluster/kubevirt/double/types.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { normalized } from './normalized.ts';
import { hasReady, instances, machines, replicaSets, type World } from './world.ts';

const labels = { 'osvapp.dev/app': 'redis' };

function names(list: readonly Instance[]): string[] {
  return list.map(({ metadata }) => metadata.name.replace(/^(redis)[a-z0-9]{5}$/, '$1SUFFIX'));
}

async function createSet(world: World, replicas: number) {
  const metadata = { name: 'redis', namespace: world.namespace };
  const template = { metadata: { labels, annotations: { note: 'a' } }, spec: guestSpec() };
  return world.client.create(replicaSets, {
    metadata,
    spec: { replicas, selector: { matchLabels: labels }, template },
  });
}

/** So many instances, and no others but those that are on their way out. */
async function untilOwned(world: World, uid: string | undefined, count: number): Promise<Instance[]> {
  let live: Instance[] = [];
  const isReached = async () => {
    live = (await world.owned(uid)).filter(({ metadata }) => !metadata.deletionTimestamp);
    return live.length === count;
  };
  await waitUntil(`the owner has ${count} instances`, isReached, { secondsMax: 90 });
  return live;
}

async function createMachine(world: World, runStrategy: RunStrategy): Promise<Machine> {
  const spec = guestSpec();
  delete spec.domain.memory?.maxGuest;
  const metadata = { name: 'redis', namespace: world.namespace };
  return world.client.create(machines, { metadata, spec: { runStrategy, template: { metadata: { labels }, spec } } });
}

function shown(world: World, printable: string, more: (machine: Machine) => boolean = () => true): Promise<Machine> {
  return world.until(machines, 'redis', `is ${printable}`, (machine) => {
    return machine.status?.printableStatus === printable && more(machine);
  });
}

/** Why the machine says that it is not ready; its printable status may be ahead of that. */
function because(machine: Machine, wanted: string): boolean {
  return machine.status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === wanted) ?? false;
}

const isScheduling = (machine: Machine): boolean => because(machine, 'GuestNotRunning');
const isAnswered = ({ status }: Machine): boolean => !status?.stateChangeRequests?.length;
const isGone = (machine: Machine): boolean => because(machine, 'VMINotExists');

function machineState({ metadata, status }: Machine): unknown {
  return normalized({ metadata, status });
}

/** The instance of the machine that is not `old`. */
function nextInstance(world: World, old?: Instance): Promise<Instance> {
  return world.until(instances, 'redis', 'is a new one', ({ metadata }) => metadata.uid !== old?.metadata.uid);
}

/** Each plays one story and tells what KubeVirt did in it. */
export const ownerScenarios: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  async 'a replica set grows, heals and shrinks'(world) {
    const { client, namespace } = world;
    const set = await createSet(world, 2);
    const { uid } = set.metadata;
    const first = await untilOwned(world, uid, 2);
    const status = (sentence: string, replicas: number, ready: number) =>
      world.until(replicaSets, 'redis', sentence, (object) => {
        return (object.status?.replicas ?? 0) === replicas && (object.status?.readyReplicas ?? 0) === ready;
      });
    const begun = await status('has two instances', 2, 0);
    const [one, two] = await Promise.all(first.map((instance) => world.bringUp(instance)));
    if (!one || !two) throw new Error('two instances were expected');
    await world.node.readyPod(one.pod);
    const oneReady = await status('has a ready instance', 2, 1);

    // A failed instance is deleted and replaced, as is one that has succeeded.
    await world.end(two.running, two.pod, 'Failed');
    await world.untilGone(instances, two.running.metadata.name);
    const healed = await untilOwned(world, uid, 2);

    const path = resourcePath(replicaSets, { namespace, name: 'redis' }, 'scale');
    const scale = JSON.parse((await client.raw('GET', path)).body) as object;
    await client.raw('PATCH', path, {
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: { replicas: 3 } }),
    });
    const grown = await untilOwned(world, uid, 3);
    await client.mergePatch(replicaSets, set.metadata, { spec: { paused: true, replicas: 5 } });
    const paused = await world.until(replicaSets, 'redis', 'is paused', (object) =>
      Boolean(object.status?.conditions?.some(({ type }) => type === 'ReplicaPaused')),
    );
    const whilePaused = (await world.owned(uid)).length;
    await client.mergePatch(replicaSets, set.metadata, { spec: { paused: false, replicas: 1 } });
    await untilOwned(world, uid, 1);
    return {
      set: normalized({ metadata: begun.metadata, status: begun.status }),
      instance: normalized({ metadata: first[0]?.metadata, spec: first[0]?.spec }),
      'with one ready': normalized(oneReady.status),
      healed: names(healed),
      scale: normalized(scale),
      grown: names(grown),
      paused: normalized(paused.status),
      'instances while paused': whilePaused,
    };
  },

  async 'a machine that always runs'(world) {
    const created = await createMachine(world, 'Always');
    const first = await nextInstance(world);
    const starting = await shown(world, 'Starting', isScheduling);
    const { pod, running } = await world.bringUp(first);
    await world.node.readyPod(pod);
    const ready = await shown(world, 'Running', (machine) => hasReady(machine, 'True'));
    // After a crash that follows Running there is no back-off.
    await world.end(running, pod, 'Failed');
    const second = await nextInstance(world, first);
    const restarted = await shown(world, 'Starting', isScheduling);
    const secondPod = await world.podOf(second);
    await world.client.mergePatch(machines, created.metadata, { spec: { runStrategy: 'Halted' } });
    await world.until(instances, 'redis', 'is being deleted', ({ metadata }) => Boolean(metadata.deletionTimestamp));
    await world.node.removePod(secondPod);
    await world.untilGone(instances, 'redis');
    const stopped = await shown(world, 'Stopped', isGone);
    await world.client.delete(machines, created.metadata);
    await world.untilGone(machines, 'redis');
    return {
      instance: normalized({ metadata: second.metadata, spec: second.spec }),
      starting: machineState(starting),
      ready: machineState(ready),
      restarted: machineState(restarted),
      stopped: machineState(stopped),
    };
  },

  async 'a machine whose guest fails before it runs'(world) {
    await createMachine(world, 'Always');
    const first = await nextInstance(world);
    const pod = await world.podOf(first);
    await world.phase('redis', 'Scheduling');
    await world.node.endPod(pod, 1);
    const waiting = await shown(world, 'CrashLoopBackOff', ({ status }) => !status?.created);
    const again = await nextInstance(world, first);
    const { startFailure } = waiting.status ?? {};
    const seconds =
      Date.parse(`${again.metadata.creationTimestamp}`) - Date.parse(`${startFailure?.retryAfterTimestamp}`);
    return { waiting: machineState(waiting), 'started not before it was time': seconds >= 0 };
  },

  async 'a machine that reruns on failure'(world) {
    await createMachine(world, 'RerunOnFailure');
    const first = await nextInstance(world);
    const crashed = await world.bringUp(first);
    await world.end(crashed.running, crashed.pod, 'Failed');
    const second = await nextInstance(world, first);
    const done = await world.bringUp(second);
    await world.end(done.running, done.pod, 'Succeeded');
    await world.untilGone(instances, 'redis');
    return { stopped: machineState(await shown(world, 'Stopped', isGone)) };
  },

  async 'a change of the template asks for a restart'(world) {
    const created = await createMachine(world, 'Always');
    await world.bringUp(await nextInstance(world));
    const environment = { spec: { template: { spec: { hostname: 'other' } } } };
    await world.client.mergePatch(machines, created.metadata, environment);
    const asking = await world.until(machines, 'redis', 'asks for a restart', ({ status }) =>
      Boolean(status?.conditions?.some(({ type }) => type === 'RestartRequired')),
    );
    const { observedGeneration = 0, desiredGeneration = 0 } = asking.status ?? {};
    return { asking: machineState(asking), 'generations behind': desiredGeneration - observedGeneration };
  },

  async 'a machine that is started by hand'(world) {
    const created = await createMachine(world, 'Manual');
    // The schema says Stopped before anybody has looked.
    const stopped = await shown(world, 'Stopped', isGone);
    const ask = (request: object) =>
      world.client.mergePatch(
        machines,
        created.metadata,
        { status: { stateChangeRequests: [request] } },
        { subresource: 'status' },
      );
    await ask({ action: 'Start' });
    const instance = await nextInstance(world);
    const { pod, running } = await world.bringUp(instance);
    const up = await shown(
      world,
      'Running',
      (machine) => isAnswered(machine) && because(machine, 'ContainersNotReady'),
    );
    await ask({ action: 'Stop', uid: instance.metadata.uid });
    await world.until(instances, 'redis', 'is being deleted', ({ metadata }) => Boolean(metadata.deletionTimestamp));
    await world.end(running, pod, 'Succeeded');
    await world.untilGone(instances, 'redis');
    const down = await shown(world, 'Stopped', (machine) => isAnswered(machine) && isGone(machine));
    return { stopped: machineState(stopped), up: machineState(up), down: machineState(down) };
  },
};
