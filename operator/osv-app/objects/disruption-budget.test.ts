import { expect, test } from 'vitest';
import { disruptionBudget } from './disruption-budget.ts';

const owner = { name: 'web', namespace: 'shop', uid: 'app-uid' };

test('all instances but one must stay, and a single one may go', () => {
  const selector = { matchLabels: { 'osvapp.dev/app': 'web' } };
  expect(disruptionBudget(owner, 3)?.spec).toEqual({ minAvailable: 2, selector });
  expect(disruptionBudget(owner, 1)).toBeUndefined();
});
