import { send, slowReader } from './transfer.ts';

/** For a test's process in a pod's network: `read PORT`, or `send PORT CONNECTIONS`. */
const [verb, ...words] = process.argv.slice(2);
const [port = 0, connections = 0] = words.map(Number);
if (verb === 'send') process.stdout.write(await send('127.0.0.1', port, connections));
else {
  await slowReader(port);
  process.stdin.resume().on('end', () => process.exit());
  process.stdout.write('ready\n');
}
