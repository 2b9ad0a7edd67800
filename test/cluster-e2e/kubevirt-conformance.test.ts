import { resourcePath, resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { OwnedCluster } from '../cluster/cluster.ts';
import type { Spec } from '../cluster/kubevirt/double/types.ts';
import type { KubeVirtHalf } from '../cluster/kubevirt/start.ts';
import { startCluster } from '../cluster/start.ts';
import { type Offer, offers } from './kubevirt/admission-cases.ts';
import { instanceScenarios } from './kubevirt/instance-scenarios.ts';
import { normalized } from './kubevirt/normalized.ts';
import { Observed } from './kubevirt/observed.ts';
import { ownerScenarios } from './kubevirt/owner-scenarios.ts';
import { World } from './kubevirt/world.ts';
import { type PlayedNode, playedNodeFlags, playNode } from './support/played-node.ts';
import { newNamespace } from './support/shared-cluster.ts';

/** KubeVirt's own programs are the judge where they are at hand; the double is held to what they did. */
const halves: readonly KubeVirtHalf[] = process.env.KUBEVIRT_BIN_DIR ? ['real', 'double'] : ['double'];

const observed = {
  admission: new Observed('admission'),
  pods: new Observed('pods'),
  stories: new Observed('stories'),
};

/** Of rules, unlike FieldValueTypeInvalid, which is the schema's. */
const ruleReasons: Readonly<Record<string, true>> = {
  FieldValueInvalid: true,
  FieldValueRequired: true,
  FieldValueNotSupported: true,
  FieldValueDuplicate: true,
  FieldValueNotFound: true,
  FieldValueForbidden: true,
};

describe.each(halves)('KubeVirt, %s', (half) => {
  let cluster: OwnedCluster;
  let node: PlayedNode;

  beforeAll(async () => {
    cluster = await startCluster({ kubevirt: half, nodes: 'none', flags: playedNodeFlags });
    node = await playNode(cluster);
  }, 300_000);

  afterAll(() => cluster?.stop());

  /** Without keeping it. */
  async function answerTo({ plural, object }: Offer): Promise<unknown> {
    const resource = Object.values(resources).find((candidate) => candidate.plural === plural);
    if (!resource) throw new Error(`no resource ${plural}`);
    const answer = await cluster.client.raw('POST', resourcePath(resource, { namespace: 'default' }), {
      query: { dryRun: 'All', fieldValidation: 'Strict' },
      contentType: 'application/json',
      body: JSON.stringify(object),
    });
    const body = JSON.parse(answer.body) as { details?: { causes?: { reason: string; field: string }[] } };
    if (answer.status < 300) return { taken: normalized(body) };
    // What the schema refuses has no reason or no field, depending on who looks first; and some rules are asked twice.
    const causes = (body.details?.causes ?? []).filter(
      ({ reason, field }) => reason in ruleReasons && field !== '<nil>',
    );
    const told = [...new Set(causes.map(({ reason, field = '' }) => `${reason} ${field}`.trim()))].toSorted();
    return { refused: true, ...(told.length > 0 && { causes: told }) };
  }

  describe('answers to', () => {
    test.each(Object.entries(offers))('%s', async (name, offer) => {
      await observed.admission.expectAs(half, name, await answerTo(offer));
    });
  });

  test.each(Object.entries(pods))('makes the launcher pod of %s', async (name, change) => {
    const world = new World(cluster, node, await newNamespace(cluster));
    const pod = await world.podOf(await world.startInstance('redis', change));
    await observed.pods.expectAs(half, name, normalized({ metadata: pod.metadata, spec: pod.spec }));
  });

  test.each(Object.entries({ ...instanceScenarios, ...ownerScenarios }))('plays: %s', async (name, play) => {
    const world = new World(cluster, node, await newNamespace(cluster));
    await observed.stories.expectAs(half, name, await play(world));
  });
});

const pods: Readonly<Record<string, (spec: Spec) => unknown>> = {
  'the guest of the operator': () => {},
  'a guest with nothing switched off': ({ domain }) => {
    for (const field of ['autoattachGraphicsDevice', 'logSerialConsole', 'disableHotplug'] as const) {
      delete domain.devices[field];
    }
  },
  'a guest with a ConfigMap, commands as probes and 3 CPUs': (spec) => {
    spec.volumes?.push({ name: 'config', configMap: { name: 'settings', volumeLabel: 'config' } });
    spec.domain.devices.disks?.push({ name: 'config', disk: { bus: 'virtio' } });
    spec.livenessProbe = { exec: { command: ['check', '--now'] }, initialDelaySeconds: 5 };
    spec.domain.cpu = { cores: 3, sockets: 1, threads: 1, maxSockets: 1 };
  },
  'a guest with requests, limits and places to be': (spec) => {
    spec.domain.resources = { requests: { memory: '200M', cpu: '250m' }, limits: { memory: '300M', cpu: '1' } };
    spec.nodeSelector = { 'kubernetes.io/arch': 'amd64' };
    spec.tolerations = [{ key: 'guests', operator: 'Exists' }];
    spec.affinity = {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 1,
            podAffinityTerm: {
              topologyKey: 'kubernetes.io/hostname',
              labelSelector: { matchLabels: { 'osvapp.dev/app': 'redis' } },
            },
          },
        ],
      },
    };
    spec.terminationGracePeriodSeconds = 5;
  },
  'a guaranteed guest': ({ domain }) => {
    domain.resources = { requests: { memory: '200Mi', cpu: '1' }, limits: { memory: '200Mi', cpu: '1' } };
  },
};
