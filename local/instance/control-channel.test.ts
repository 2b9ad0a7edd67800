import { Duplex, PassThrough } from 'node:stream';
import type { GuestEvent } from '@osv/contracts';
import { expect, test } from 'vitest';
import { ControlChannel, parseGuestEvent } from './control-channel.ts';

test.each([
  '{"event":"ready","bootMicroseconds":1200}',
  '{"event":"exit","code":0}',
  '{"event":"exit","signal":11}',
  '{"event":"panic","message":"x"}',
  '{"event":"failed","message":"x","status":126}',
])('%s is an event', (line) => {
  expect(parseGuestEvent(line)).toEqual(JSON.parse(line));
});

test.each(['', 'x', '1', 'null', '[]', '{}', '{"event":"exit"}', '{"event":"exit","code":"0"}', '{"event":"ready"}'])(
  '%s is none',
  (line) => {
    expect(parseGuestEvent(line)).toBeUndefined();
  },
);

test('events may arrive in pieces, and signals leave as lines', async () => {
  const [fromGuest, toGuest] = [new PassThrough(), new PassThrough()];
  const events: GuestEvent[] = [];
  const channel = new ControlChannel(Duplex.from({ readable: fromGuest, writable: toGuest }), (event) =>
    events.push(event),
  );
  fromGuest.write('{"event":"ready","bootMic');
  fromGuest.write('roseconds":5}\n{"event":"exit","co');
  fromGuest.end('de":3}\n');
  channel.sendSignal(2);
  await expect.poll(() => events.length).toBe(2);
  expect(events[1]).toEqual({ event: 'exit', code: 3 });
  await expect.poll(() => toGuest.read()?.toString()).toBe('{"signal":2}\n');
});
