import type { BootNetwork } from '@osv/contracts';

/**
 * The network that a local guest sees: the same with passt and with QEMU's user networking, so that the boot
 * configuration is static and no DHCP exchange delays the boot.
 */
export const guestNetwork = {
  network: '10.0.2.0/24',
  address: '10.0.2.15',
  prefixLength: 24,
  /** Connections to it reach the host's own loopback services. */
  gateway: '10.0.2.2',
  nameserver: '10.0.2.3',
} as const;

/** The same for the guest's boot configuration. */
export const bootNetwork: BootNetwork = {
  interfaces: [
    { addresses: [`${guestNetwork.address}/${guestNetwork.prefixLength}`], gateway: guestNetwork.gateway, dhcp: false },
  ],
  nameservers: [guestNetwork.nameserver],
};
