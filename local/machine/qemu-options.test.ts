import { expect, test } from 'vitest';
import { rootPortArguments } from './qemu-options.ts';

test('a ninth root port is the first function of the next device', () => {
  const ports = rootPortArguments(9).filter((word) => word !== '-device');
  expect(ports).toHaveLength(9);
  expect(ports[7]).toBe('pcie-root-port,port=15,chassis=8,id=pci.8,bus=pcie.0,addr=0x1.0x7');
  expect(ports[8]).toBe('pcie-root-port,port=16,chassis=9,id=pci.9,bus=pcie.0,multifunction=true,addr=0x2');
});
