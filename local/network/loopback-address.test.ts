import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { claimAddress, listClaims, releaseAddress } from './loopback-address.ts';

test('claims made at the same time never share an address', async () => {
  const folder = await temporaryFolder();
  const names = Array.from({ length: 8 }, (_, index) => `instance-${index}`);
  const addresses = await Promise.all(names.map((name) => claimAddress(folder, name, [])));
  expect(new Set(addresses).size).toBe(names.length);
  expect(new Set((await listClaims(folder)).values())).toEqual(new Set(names));
  for (const address of addresses) expect(address).toMatch(/^127\.77\./);
});

test('an address on which a port is taken is passed over', async () => {
  const folder = await temporaryFolder();
  const first = await claimAddress(folder, 'first', []);
  await releaseAddress(folder, first);
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen({ host: first, port: 0 }, () => resolve((server.address() as { port: number }).port));
  });
  onTestFinished(() => void server.close());
  expect(await claimAddress(folder, 'second', [port])).not.toBe(first);
});
