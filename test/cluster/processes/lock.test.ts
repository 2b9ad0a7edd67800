import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lock, tryLock } from './lock.ts';

const name = (what: string) => `test/${process.pid}/${what}`;

test('one holder at a time; the next one waits and then has it', async () => {
  const first = await lock(name('order'));
  expect(await tryLock(name('order'))).toBeUndefined();
  const events: string[] = [];
  const second = lock(name('order'), () => events.push('waits')).then((held) => {
    events.push('holds');
    return held;
  });
  await expect.poll(() => events).toEqual(['waits']);
  await first.release();
  await (await second).release();
  expect(events).toEqual(['waits', 'holds']);
});

test('ten that want it at once have it one after the other', async () => {
  let holders = 0;
  const hold = async () => {
    const held = await lock(name('ten'));
    expect(++holders).toBe(1);
    await new Promise(setImmediate);
    holders--;
    await held.release();
  };
  await Promise.all(Array.from({ length: 10 }, hold));
});

test('a holder that is killed holds nothing', async () => {
  const module = JSON.stringify(join(import.meta.dirname, 'lock.ts'));
  const script = `const { lock } = await import(${module}); await lock(${JSON.stringify(name('killed'))}); console.log('held'); setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(await tryLock(name('killed'))).toBeUndefined();
  child.kill('SIGKILL');
  await (await lock(name('killed'))).release();
});
