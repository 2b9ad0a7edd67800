/** The boot configuration disk: an ISO 9660 image with `boot.json`, as a Secret disk looks on a cluster. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from './command.ts';
import { buildFolder } from './paths.ts';

export interface BootConfiguration {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment?: readonly string[];
  /** Address with prefix length, for the one network interface. */
  readonly address?: string;
  readonly managementPort?: number;
}

/** Writes the image; the caller removes it or leaves it below build/. */
export async function makeBootDisk(name: string, configuration: BootConfiguration): Promise<string> {
  const folder = mkdtempSync(join(buildFolder('boot-disks'), `${name}-`));
  const image = `${folder}.iso`;
  const { address, managementPort } = configuration;
  const boot = {
    version: 1,
    program: configuration.program,
    arguments: configuration.arguments,
    environment: configuration.environment ?? ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    ...(address === undefined ? {} : { network: { interfaces: [{ addresses: [address], dhcp: false }] } }),
    ...(managementPort === undefined
      ? {}
      : { management: { port: managementPort, token: 'a-token-for-the-benchmarks' } }),
  };
  writeFileSync(join(folder, 'boot.json'), JSON.stringify(boot));
  await runOrThrow('genisoimage', ['-quiet', '-R', '-J', '-V', 'osvboot', '-o', image, folder]);
  rmSync(folder, { recursive: true });
  return image;
}
