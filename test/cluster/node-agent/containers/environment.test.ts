import { expect, test } from 'vitest';
import { expand } from './environment.ts';

test.each([
  ['$(NAME)', 'value'],
  ['a $(NAME) b $(NAME)', 'a value b value'],
  ['$$(NAME)', '$(NAME)'],
  ['$(OTHER)', '$(OTHER)'],
  ['$NAME', '$NAME'],
])('%s becomes %s', (text, expanded) => {
  expect(expand(text, { NAME: 'value' })).toBe(expanded);
});
