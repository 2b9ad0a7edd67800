import type { Instance, Spec } from './types.ts';

const image = `127.0.0.1:5000/redis@sha256:${'ab'.repeat(32)}`;

/** The spec of a guest like those that the operator makes; each call a new one. */
export function guestSpec(): Spec {
  return {
    terminationGracePeriodSeconds: 30,
    domain: {
      cpu: { cores: 2, sockets: 1, threads: 1, maxSockets: 1 },
      memory: { guest: '128Mi', maxGuest: '128Mi' },
      firmware: { kernelBoot: { container: { image, kernelPath: '/boot/osv.elf' } } },
      devices: {
        autoattachGraphicsDevice: false,
        logSerialConsole: false,
        disableHotplug: true,
        rng: {},
        disks: [
          { name: 'root', serial: 'root', disk: { bus: 'virtio' } },
          { name: 'boot', serial: 'boot', disk: { bus: 'virtio' } },
        ],
        interfaces: [
          { name: 'default', model: 'virtio', masquerade: {}, ports: [{ name: 'redis', port: 6379, protocol: 'TCP' }] },
        ],
      },
    },
    networks: [{ name: 'default', pod: {} }],
    readinessProbe: { tcpSocket: { port: 6379 } as object, periodSeconds: 2 },
    volumes: [
      { name: 'root', containerDisk: { image, path: '/disk/root.img' } },
      { name: 'boot', secret: { secretName: 'redis-boot', volumeLabel: 'osvboot' } },
    ],
  };
}

/** An instance as somebody asks for it. */
export function guest(change: (spec: Spec) => unknown = () => {}): Instance {
  const spec = guestSpec();
  change(spec);
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'redis-0', namespace: 'default', labels: { 'osvapp.dev/app': 'redis' } },
    spec,
  };
}
