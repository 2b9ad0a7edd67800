import { resources } from '@osv/operator/kubernetes';
import { normalized } from './normalized.ts';
import { hasReady, instances, type World } from './world.ts';

/** Metadata and status; the spec is looked at on admission. */
function state({ metadata, status }: { metadata: object; status?: unknown }): unknown {
  return normalized({ metadata, status });
}

/** Each plays one story and tells what KubeVirt did in it. */
export const instanceScenarios: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  async 'a guest lives and is deleted'(world) {
    const { client, node } = world;
    const created = await world.startInstance('redis');
    const pod = await world.podOf(created);
    const scheduling = await world.until(instances, 'redis', 'knows its node', ({ status }) =>
      Object.values(status?.activePods ?? {}).includes(node.name),
    );
    await node.runPod(pod);
    const scheduled = await world.phase('redis', 'Scheduled');
    const { running } = await world.bringUp(created);
    await node.readyPod(pod);
    const ready = await world.until(instances, 'redis', 'is ready', (object) => hasReady(object, 'True'));
    const readyPod = await world.until(
      resources.pods,
      pod.metadata.name,
      'has the labels of the instance',
      ({ metadata }) => Boolean(metadata.labels?.['kubevirt.io/nodeName']),
    );

    await client.delete(instances, ready.metadata);
    await world.until(resources.pods, pod.metadata.name, 'is being deleted', ({ metadata }) =>
      Boolean(metadata.deletionTimestamp),
    );
    const ending = await world.until(instances, 'redis', 'knows that its pod ends', (object) =>
      hasReady(object, 'False'),
    );
    await world.end(ending, pod, 'Succeeded');
    await world.untilGone(instances, 'redis');
    return {
      created: state(created),
      scheduling: state(scheduling),
      scheduled: state(scheduled),
      running: state(running),
      ready: state(ready),
      'pod when ready': normalized(readyPod.metadata.labels),
      ending: state(ending),
    };
  },

  async 'a guest is deleted before it has a node'(world) {
    const created = await world.startInstance('redis', (spec) =>
      Object.assign(spec, { nodeSelector: { zone: 'none' } }),
    );
    const unschedulable = await world.until(instances, 'redis', 'cannot be scheduled', ({ status }) =>
      Boolean(status?.conditions?.some(({ type }) => type === 'PodScheduled')),
    );
    await world.client.delete(instances, created.metadata);
    await world.untilGone(instances, 'redis');
    return { unschedulable: state(unschedulable) };
  },

  async 'the pod fails before the guest runs'(world) {
    const created = await world.startInstance('redis');
    const pod = await world.podOf(created);
    await world.phase('redis', 'Scheduling');
    await world.node.endPod(pod, 1);
    return { failed: state(await world.phase('redis', 'Failed')) };
  },

  async 'the image cannot be pulled'(world) {
    const created = await world.startInstance('redis');
    const pod = await world.podOf(created);
    await world.phase('redis', 'Scheduling');
    await world.node.waitForImage(pod, 'ErrImagePull');
    const waiting = await world.until(instances, 'redis', 'tells of the image', ({ status }) =>
      Boolean(status?.conditions?.some(({ type }) => type === 'Synchronized')),
    );
    await world.node.runPod(pod);
    return { waiting: state(waiting), scheduled: state(await world.phase('redis', 'Scheduled')) };
  },

  async 'the pod vanishes under a running guest'(world) {
    const created = await world.startInstance('redis');
    const { pod } = await world.bringUp(created);
    await world.node.removePod(pod);
    const failed = await world.phase('redis', 'Failed');
    const released = await world.until(
      instances,
      'redis',
      'has no finalizer',
      ({ metadata }) => !metadata.finalizers?.length,
    );
    return { failed: failed.status?.phase, released: state(released) };
  },

  async 'a node falls silent'(world) {
    const { client, node } = world;
    await world.bringUp(await world.startInstance('kept'));
    const { pod } = await world.bringUp(await world.startInstance('lost'));
    await node.endPod(pod, 1);
    await world.until(instances, 'lost', 'knows that its pod ends', (object) =>
      Boolean(object.status?.conditions?.some(({ reason }) => reason === 'PodTerminating')),
    );
    await node.fallSilent();
    const lost = await world.phase('lost', 'Failed');
    const kept = await client.get(instances, { namespace: world.namespace, name: 'kept' });
    const closed = await client.get(resources.nodes, { name: node.name });
    await node.speakAgain();
    return {
      lost: { phase: lost.status?.phase, reason: lost.status?.reason },
      kept: kept?.status?.phase,
      schedulable: closed?.metadata.labels?.['kubevirt.io/schedulable'],
    };
  },

  async 'a claim is missing and comes'(world) {
    const volume = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
    const created = await world.startInstance('redis', (spec) => {
      spec.volumes?.push(volume);
      spec.domain.devices.disks?.push({ name: 'data', disk: { bus: 'virtio' } });
    });
    const waiting = await world.until(instances, 'redis', 'tells of the claim', ({ status }) =>
      Boolean(status?.conditions?.some(({ type }) => type === 'Synchronized')),
    );
    const claim = {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'none',
    };
    const metadata = { name: 'data', namespace: world.namespace };
    await world.client.create(resources.persistentVolumeClaims, { metadata, spec: claim });
    await world.phase('redis', 'Scheduling');
    const labelSelector = `kubevirt.io/created-by=${created.metadata.uid}`;
    const { items } = await world.client.list(resources.pods, { namespace: world.namespace, labelSelector });
    return { waiting: state(waiting), pod: normalized(items[0]?.spec?.volumes?.filter(({ name }) => name === 'data')) };
  },
};
