import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { formatAge, formatBytes } from './age.ts';
import { formatListing, type Listing, parseOutputFormat } from './listing.ts';

const listing: Listing<{ name: string; size: number }> = {
  name: (row) => row.name,
  columns: [
    { title: 'NAME', value: (row) => row.name },
    { title: 'SIZE', value: (row) => `${row.size}`, wide: true },
    { title: 'AGE', value: () => '5s' },
  ],
};
const rows = [
  { name: 'redis-0', size: 12 },
  { name: 'a', size: 3 },
];

test('a table has aligned columns and no trailing blanks', async () => {
  expect(await formatListing(listing, rows, 'table')).toBe('NAME      AGE\nredis-0   5s\na         5s\n');
  expect(await formatListing(listing, rows, 'wide')).toContain('redis-0   12     5s\n');
  expect(await formatListing(listing, [], 'table')).toBe('NAME   AGE\n');
});

test('machines get data', async () => {
  expect(JSON.parse(await formatListing(listing, rows, 'json'))).toEqual(rows);
  expect(parse(await formatListing(listing, rows, 'yaml'))).toEqual(rows);
  expect(await formatListing(listing, rows, 'name')).toBe('redis-0\na\n');
  expect(JSON.parse(await formatListing(listing, [], 'json'))).toEqual([]);
});

test('an unknown format names those that exist', () => {
  expect(() => parseOutputFormat('xml')).toThrow('"xml" is no output format; there are wide, name, json, yaml.');
});

test.each([
  [0, '0s'],
  [59, '59s'],
  [192, '3m12s'],
  [7200, '2h'],
  [360_000, '4d4h'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatAge(new Date(0), new Date(seconds * 1000))).toBe(text);
});

test.each([
  [640, '640B'],
  [13_107_200, '12.5Mi'],
  [2 ** 31, '2.0Gi'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
