import { describe, expect, test } from 'vitest';
import { Quantity } from './quantity.ts';

describe('a quantity', () => {
  test.each([
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['1500m', '1500m'],
    ['1.5', '1500m'],
    ['1000m', '1'],
    ['0.1', '100m'],
    ['128974848', '128974848'],
    ['128e6', '128e6'],
    ['-2Ki', '-2Ki'],
    ['512', '512'],
    ['0Mi', '0'],
    ['50M', '50M'],
  ])('%s is written as %s', (text, canonical) => {
    expect(Quantity.parse(text).toString()).toBe(canonical);
  });

  test('a sum keeps the form of its first part', () => {
    expect(Quantity.parse('128Mi').plus(Quantity.parse('256M')).toString()).toBe('381072Ki');
    expect(Quantity.parse('0').plus(Quantity.parse('8Mi')).toString()).toBe('8Mi');
  });

  test('its value is rounded up', () => {
    expect(Quantity.parse('1500m').value).toBe(2n);
    expect(Quantity.parse('-1500m').value).toBe(-1n);
    expect(Quantity.parse('1500m').milliValue).toBe(1500n);
  });

  test('refuses what is no quantity', () => {
    expect(() => Quantity.parse('1Zi')).toThrow(/no quantity/);
    expect(Quantity.isValid('')).toBe(false);
  });
});
