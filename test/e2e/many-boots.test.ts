import { expect, test } from 'vitest';
import { Osv } from './support/osv.ts';
import { compile } from './support/programs.ts';

const osv = Osv.create();

test.each([1, 4])(
  'a hundred boots in a row on %d CPUs',
  async (cpus) => {
    const program = compile('streams');
    for (let boot = 0; boot < 100; boot++) {
      const result = await osv.run(['run', '--rm', '--cpus', `${cpus}`, program, `${boot}`]);
      expect(result.stderr, `boot ${boot}`).toBe('to stderr\n');
      expect(result.stdout.toString()).toContain(`argument ${boot}\n`);
      expect(result.code).toBe(0);
    }
    expect(osv.processes()).toEqual([]);
  },
  1_800_000,
);
