// Generated from contracts/boot-configuration.schema.json by `npm run generate`; do not edit.

/**
 * boot.json: what a guest runs and with what. It lies on an ISO 9660 disk with the serial `boot` and the volume label `osvboot`, which is how KubeVirt hands a Secret to a guest. The kernel warns about keys that it does not know.
 */
export interface BootConfiguration {
  version: 1;
  /**
   * Path in the image; a name without `/` is looked up in the PATH of `environment`
   */
  program: string;
  /**
   * The whole argv, argv[0] included
   *
   * @minItems 1
   */
  arguments: string[];
  /**
   * `NAME=value` strings, in order
   */
  environment?: string[];
  workingDirectory?: string;
  user?: BootUser;
  hostname?: string;
  network?: BootNetwork;
  mounts?: BootMount[];
  management?: BootManagement;
  kernel?: BootKernel;
  stop?: BootStop;
}
/**
 * Numbers that the program sees as its user and group; they protect nothing
 */
export interface BootUser {
  uid: number;
  gid: number;
}
/**
 * Without this section the kernel asks DHCP on every interface
 */
export interface BootNetwork {
  /**
   * In the order in which the kernel finds the devices
   */
  interfaces: BootInterface[];
  nameservers?: string[];
  /**
   * DNS search domains
   */
  search?: string[];
}
export interface BootInterface {
  /**
   * Addresses with prefix lengths, such as 10.0.2.15/24
   */
  addresses?: string[];
  gateway?: string;
  dhcp?: boolean;
  /**
   * Bytes
   */
  mtu?: number;
}
export interface BootMount {
  /**
   * Serial of the virtio-blk disk; none for tmpfs
   */
  serial?: string;
  path: string;
  type: 'iso9660' | 'erofs' | 'ext4' | 'tmpfs';
  /**
   * iso9660 and erofs are read-only anyway
   */
  readOnly?: boolean;
  /**
   * ext4 only: a disk that holds nothing is formatted first. A disk that holds anything, known or not, is never formatted
   */
  formatIfBlank?: boolean;
  /**
   * Upper bound of a tmpfs
   */
  sizeBytes?: number;
}
export interface BootManagement {
  /**
   * TCP port of the management server; 0 turns it off
   */
  port: number;
  /**
   * Bearer token in hexadecimal; without one, nothing but metrics and health is served
   */
  token?: string;
}
export interface BootKernel {
  /**
   * Tracepoints enabled from the start
   */
  tracepoints?: string[];
  /**
   * What follows a kernel panic
   */
  panic?: 'poweroff' | 'halt' | 'reboot';
  logLevel?: 'debug' | 'info' | 'warning' | 'error';
}
/**
 * What happens between the power button and the end
 */
export interface BootStop {
  /**
   * Seconds between the power button and SIGTERM, in which the program goes on serving while others learn that it is going
   */
  delaySeconds?: number;
}
