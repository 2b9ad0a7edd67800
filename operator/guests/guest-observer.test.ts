import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { VirtualMachineInstance } from '../kubernetes/index.ts';
import { silentLogger } from '../logger.ts';
import { MemoryCache } from '../reconcile-runtime/object-cache.ts';
import { waitFor } from '../testing/wait-for.ts';
import { GuestObserver } from './guest-observer.ts';

let stop = new AbortController();
/** Stands before all guests, as the proxy of an operator outside of the pods' network. */
const asked: ServerResponse[] = [];
const proxy = createServer((_, response) => void asked.push(response));
afterEach(() => {
  stop.abort();
  stop = new AbortController();
  asked.length = 0;
});
afterAll(() => {
  proxy.close();
  proxy.closeAllConnections();
});

/** An observer, and an instance of which it knows. */
async function observing(onChange = () => {}) {
  if (!proxy.listening) await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const instances = new MemoryCache<VirtualMachineInstance>((error) => {
    throw error;
  });
  instances.retain(new Set());
  const observer = new GuestObserver({
    instances,
    logger: silentLogger,
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    onChange,
  });
  const ended = observer.start(stop.signal);
  const metadata = { namespace: 'shop', name: 'redis-1', uid: 'uid-1', resourceVersion: '1' };
  const status = { phase: 'Running', interfaces: [{ ipAddress: '10.244.0.9' }] };
  instances.set({ metadata, spec: {}, status } as unknown as VirtualMachineInstance);
  await waitFor(() => asked.length === 1);
  return { observer, instances, metadata, ended };
}

test('nothing is kept of a guest that goes while it is asked', async () => {
  const { observer, instances, metadata, ended } = await observing();
  instances.delete(metadata);
  asked[0]?.end('osv_boot_seconds 0.01\n');
  stop.abort();
  await ended;
  expect(observer.facts.size).toBe(0);
});

test('a guest that answers while it boots is asked again for the time that took', async () => {
  let changes = 0;
  const { observer } = await observing(() => changes++);
  asked[0]?.end('osv_build_info{version="0.1.0"} 1\n');
  await waitFor(() => asked.length === 2);
  expect(observer.facts.get('uid-1')).toEqual({ kernelVersion: '0.1.0', bootMilliseconds: undefined });
  asked[1]?.end('osv_boot_seconds 0\n');
  await waitFor(() => asked.length === 3);
  asked[2]?.end('osv_boot_seconds 0.0405\nosv_build_info{version="0.1.0"} 1\n');
  await waitFor(() => observer.facts.get('uid-1')?.bootMilliseconds === 40.5);
  expect(changes).toBe(2);
});
