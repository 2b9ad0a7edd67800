import { describe, expect, it } from 'vitest';
import { complaints, judge } from './randomness.ts';

describe('randomness of addresses', () => {
  it('counts values and changing bits', () => {
    expect(judge([{ stack: '1000' }, { stack: '3000' }, { stack: '1000' }])).toEqual([
      { area: 'stack', distinct: 2, changingBits: 1 },
    ]);
  });

  it('is content with twenty random bits', () => {
    const samples = Array.from({ length: 100 }, (_, index) => ({
      heap: ((index * 2654435761) % 2 ** 32).toString(16),
    }));
    expect(complaints(judge(samples), 100)).toEqual([]);
  });

  it('is content with fifteen bits where the kernel keeps its heap, and there alone', () => {
    const values = Array.from({ length: 100 }, (_, index) => ((index * 40503) % 2 ** 16).toString(16));
    expect(complaints(judge(values.map((kernelHeap) => ({ kernelHeap }))), 100)).toEqual([]);
    expect(complaints(judge(values.map((kernel) => ({ kernel }))), 100)).toEqual(['kernel: only 16 bits ever change']);
  });

  it('complains about an address that never changes', () => {
    const samples = Array.from({ length: 100 }, () => ({ heap: 'abc000' }));
    expect(complaints(judge(samples), 100)).toEqual([
      'heap: 1 different values in 100 boots',
      'heap: only 0 bits ever change',
    ]);
  });
});
