import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findProgram } from '@osv/local';
import { temporaryFolder } from '@osv/local/testing/temporary-folder.ts';
import { expect, onTestFinished, test } from 'vitest';
import { PodNetwork } from './pod-network.ts';
import { bytes, send, slowReader } from './testing/transfer.ts';

const able = (await findProgram('pasta')) !== undefined && process.getuid?.() === 0;
const onAble = test.runIf(able);
const address = '127.200.0.2';
const podPort = 7000;
const connections = 8;
const answers = `${bytes}\n`.repeat(connections);

/** A pod's network, in which some ports lead to this machine. */
async function start(...hostPorts: number[]): Promise<PodNetwork> {
  const folder = await temporaryFolder();
  const network = await PodNetwork.start({ loopbackAddress: address, ports: [podPort], hostPorts, folder });
  onTestFinished(() => network.close());
  return network;
}

function runIn(network: PodNetwork, ...words: (string | number)[]) {
  const program = join(import.meta.dirname, 'testing/transfer-program.ts');
  const [enter = '', ...rest] = [...network.enter(), process.execPath, program, ...words.map(String)];
  const child: ChildProcess = spawn(enter, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  if (!child.stdout) throw new Error('unreachable');
  return child.stdout;
}

onAble('a pod sends much to a slow reader of this machine', { timeout: 60_000 }, async () => {
  const host = await slowReader(0);
  onTestFinished(() => void host.close());
  const { port } = host.address() as AddressInfo;
  expect(await text(runIn(await start(port), 'send', port, connections))).toBe(answers);
});

onAble('this machine sends much to a slow reader in a pod', { timeout: 60_000 }, async () => {
  await once(runIn(await start(), 'read', podPort), 'data');
  expect(await send(address, podPort, connections)).toBe(answers);
});

onAble('a port on which nothing listens in the pod gives nothing', async () => {
  await start();
  const socket = connect({ host: address, port: podPort });
  socket.on('error', () => {});
  await once(socket, 'close');
  expect(socket.bytesRead).toBe(0);
});
