import { expect, test } from 'vitest';
import { remedies } from '../../cli/cluster/explain/remedies.ts';
import { reasons } from '../../operator/osv-app/reasons.ts';
import { apiPage } from './api-page.ts';

const page = apiPage();
const stated = Object.values(reasons).flatMap((table) => Object.keys(table));

test('every reason is on the page, and every remedy is for a reason', () => {
  expect(stated.filter((reason) => !page.includes(`| \`${reason}\` |`))).toEqual([]);
  // What osv itself says while the operator has not looked at an app.
  const others = Object.keys(remedies).filter((reason) => !stated.includes(reason));
  expect(others).toEqual(['NotObserved']);
});

test('every link leads to a heading', () => {
  const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, text = '']) =>
    text.toLowerCase().replaceAll(/[^a-z0-9]/g, ''),
  );
  const targets = [...page.matchAll(/\(#([^)]*)\)/g)].map(([, target = '']) => target);
  expect(targets.length).toBeGreaterThan(20);
  expect(targets.filter((target) => !headings.includes(target))).toEqual([]);
});

test('rules are told in the words with which the API server refuses', () => {
  expect(page).toContain('- spec.source needs exactly one of image, archive and packages');
  expect(page).toContain('- spec.ports has a port twice with the same protocol; leave one out');
});
