import { describe, expect, it } from 'vitest';
import { smallest } from './parts/memory.ts';
import { parseBenchmarkCsv } from './parts/redis.ts';
import { chart, markdownPage, terminalTable } from './report.ts';
import { advantage, type BenchmarkRow, median, reached } from './result.ts';

const cost: BenchmarkRow = {
  id: 'x',
  label: 'a cost <1>',
  unit: 'instructions',
  better: 'lower',
  linux: 300,
  osv: 100,
  bound: 80,
};
const rate: BenchmarkRow = {
  id: 'y',
  label: 'a rate',
  unit: 'requests/s',
  better: 'higher',
  linux: 100,
  osv: 50,
  ratioWanted: 1.5,
};

describe('figures', () => {
  it('takes the middle sample', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeUndefined();
  });

  it('says how much better, for costs and for rates', () => {
    expect(advantage(cost)).toBe(3);
    expect(advantage(rate)).toBe(0.5);
    expect(advantage({ ...cost, osv: undefined })).toBeUndefined();
  });

  it('shows a loss as a loss', () => {
    expect(reached(cost)).toBe(false);
    expect(reached({ ...cost, osv: 79 })).toBe(true);
    expect(reached(rate)).toBe(false);
  });

  it('halves down to the smallest memory that boots', async () => {
    const asked: number[] = [];
    const works = async (mib: number): Promise<boolean> => {
      asked.push(mib);
      return mib >= 37;
    };
    expect(await smallest(works, 1, 256)).toBe(37);
    expect(asked.length).toBeLessThan(10);
    expect(await smallest(async () => false, 1, 256)).toBeUndefined();
  });

  it('reads what redis-benchmark prints', () => {
    const text = '"test","rps","avg"\n"SET","1234.50","1.0"\n"LRANGE_100 (first 100 elements)","99.00","2"\n';
    expect(parseBenchmarkCsv(text)).toEqual({ set: 1234.5, lrange: 99 });
  });
});

describe('report', () => {
  const report = { name: 'part', title: 'Part', conditions: 'conditions', rows: [cost, rate] };

  it('holds every row in the table and on the page', () => {
    for (const text of [terminalTable([report]), markdownPage([report], new Date(0), 'a machine')]) {
      expect(text).toContain('a cost <1>');
      expect(text).toContain('NOT reached');
      expect(text).toContain('0.5×');
    }
  });

  it('draws one bar a row, text made safe', () => {
    const svg = chart(report);
    expect(svg.match(/<rect x=/g)).toHaveLength(2);
    expect(svg).toContain('a cost &lt;1>');
  });
});
