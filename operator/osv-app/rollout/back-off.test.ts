import { expect, test } from 'vitest';
import {
  delaySeconds,
  isLooping,
  recordAllCrashes,
  recordCrashes,
  remainingSeconds,
  tellsOfCrash,
} from './back-off.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
const crash = (seconds: number, revision = 'r', madeAt = seconds, instance = `at-${seconds}`) => ({
  instance,
  revision,
  createdAt: at(madeAt),
  at: at(seconds),
});

test('the first restart is at once, then the delay doubles up to five minutes', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 20].map(delaySeconds)).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
});

test('crashes in a row are counted, each once', () => {
  const first = recordCrashes(undefined, 'r', [crash(0)]);
  expect(first).toMatchObject({ crashes: 1 });
  expect(recordCrashes(first, 'r', [crash(0)])).toEqual(first);
  const third = recordCrashes(first, 'r', [crash(12), crash(5), crash(0)]);
  expect(third).toMatchObject({ crashes: 3, lastCrashAt: at(12).toISOString(), until: at(32).toISOString() });
  expect(remainingSeconds(third, at(22))).toBe(10);
  expect(remainingSeconds(third, at(40))).toBe(0);
});

test('replicas that crash side by side count once', () => {
  const wave = recordCrashes(undefined, 'r', [crash(20, 'r', 0), crash(21, 'r', 0), crash(22, 'r', 1)]);
  expect(wave).toMatchObject({ crashes: 1, lastCrashAt: at(22).toISOString(), until: at(20).toISOString() });
  // The first was started again before the last of the wave had crashed.
  const next = recordCrashes(wave, 'r', [crash(24, 'r', 20), crash(25, 'r', 21), crash(26, 'r', 23)]);
  expect(next).toMatchObject({ crashes: 2, lastCrashAt: at(26).toISOString(), until: at(34).toISOString() });
});

test('two crashes within one second are two, each counted once', () => {
  const first = recordCrashes(undefined, 'r', [crash(22, 'r', 13, 'a')]);
  const both = [crash(22, 'r', 13, 'a'), crash(22, 'r', 22, 'b')];
  const second = recordCrashes(first, 'r', both);
  expect(second).toMatchObject({ crashes: 2, lastCrashed: ['a', 'b'], until: at(32).toISOString() });
  expect(recordCrashes(second, 'r', both)).toEqual(second);
  expect([tellsOfCrash(second, first), tellsOfCrash(second, second)]).toEqual([true, false]);
});

test('another revision starts anew, and one that ran long enough is forgiven', () => {
  const record = recordCrashes(undefined, 'r', [crash(0), crash(1)]);
  expect(recordCrashes(record, 'next', [crash(2)])).toBeUndefined();
  expect(recordCrashes(record, 'r', [crash(700)])).toMatchObject({ crashes: 1 });
});

test('one crash is no loop; a loop ends ten minutes after the last crash', () => {
  const once = recordCrashes(undefined, 'r', [crash(0)]);
  expect(isLooping(once, at(1))).toBe(false);
  const twice = recordCrashes(once, 'r', [crash(1)]);
  expect(isLooping(twice, at(2))).toBe(true);
  expect(isLooping(twice, at(602))).toBe(false);
});

test('each revision that is still there has its own record', () => {
  const before = recordCrashes(undefined, 'old', [crash(0, 'old'), crash(1, 'old')]);
  const records = recordAllCrashes([before, undefined], ['new', 'old'], [crash(2, 'new'), crash(15, 'old', 11)]);
  expect(records.get('new')).toMatchObject({ revision: 'new', crashes: 1 });
  expect(records.get('old')).toMatchObject({ revision: 'old', crashes: 3 });
  expect(recordAllCrashes([before], ['new'], []).size).toBe(0);
});
