import { expect, test } from 'vitest';
import { FileTree } from '../../contents/file-tree.ts';
import { addAlternatives, alternativesIn } from './alternatives.ts';

const configure = (body: string) => `#!/bin/sh\nset -e\ncase "$1" in\n  configure)\n${body}\n  ;;\nesac\n`;

test.each<[string, string, string[]]>([
  [
    'one command over several lines',
    `update-alternatives \\
       --install /usr/bin/lua lua-interpreter /usr/bin/lua5.4 20 \\
       --slave /usr/share/man/man1/lua.1.gz lua-manual /usr/share/man/man1/lua5.4.1.gz`,
    ['/usr/bin/lua → /usr/bin/lua5.4 20'],
  ],
  [
    'a loop over words',
    `for binary in php phar; do
       update-alternatives --install /usr/bin/\${binary} \${binary} /usr/bin/\${binary}8.2 82
     done`,
    ['/usr/bin/php → /usr/bin/php8.2 82', '/usr/bin/phar → /usr/bin/phar8.2 82'],
  ],
  [
    'variables, a condition, and an assignment that only a run could tell',
    `basedir=/usr/lib/jvm/java
     priority=1711
     tools='java keytool'
     if [ "$update" = y ]; then
     priority=$(expr $priority - 1)
     for i in $tools; do
       if [ -e $basedir/$i ]; then slave="--slave $i"; fi
       update-alternatives --quiet --install "/usr/bin/$i" $i $basedir/bin/$i $priority $slave
     done
     fi; update-alternatives --install /usr/bin/jexec jexec $basedir/lib/jexec $priority`,
    [
      '/usr/bin/java → /usr/lib/jvm/java/bin/java 1711',
      '/usr/bin/keytool → /usr/lib/jvm/java/bin/keytool 1711',
      '/usr/bin/jexec → /usr/lib/jvm/java/lib/jexec 1711',
    ],
  ],
  ['an unknown variable', 'update-alternatives --install /usr/bin/x x $prefix/x 1', []],
  ['a command whose output would be needed', 'update-alternatives --install /usr/bin/x x $(which y) 1', []],
  ['a link that leads elsewhere', 'update-alternatives --install /usr/../x x /usr/bin/x 1', []],
  ['a comment', '# update-alternatives --install /usr/bin/x x /usr/bin/y 1', []],
  ['another action', 'update-alternatives --remove x /usr/bin/y', []],
])('%s', (_, body, expected) => {
  const found = alternativesIn(configure(body));
  expect(found.map(({ link, path, priority }) => `${link} → ${path} ${priority}`)).toEqual(expected);
});

test('loops in loops end', () => {
  const loop = `for a in ${'x '.repeat(99)}; do `;
  const body = `${loop.repeat(8)} update-alternatives --install /usr/bin/x x /usr/bin/y 1; ${'done; '.repeat(8)}`;
  expect(alternativesIn(body).length).toBeLessThan(10_000);
});

test('the link goes to the file of the highest priority that is there, and replaces nothing', () => {
  const tree = new FileTree();
  for (const path of ['/usr/bin/mawk', '/usr/bin/gawk', '/usr/bin/nc', '/usr/bin/nc.openbsd']) {
    tree.addFile(path, 0o755, { bytes: Buffer.from(path) });
  }
  addAlternatives(tree, [
    { link: '/usr/bin/awk', path: '/usr/bin/mawk', priority: 5 },
    { link: '/usr/bin/awk', path: '/usr/bin/gawk', priority: 10 },
    { link: '/usr/bin/awk', path: '/usr/bin/absent', priority: 99 },
    { link: '/usr/bin/nc', path: '/usr/bin/nc.openbsd', priority: 50 },
  ]);
  expect(tree.realPath('/usr/bin/awk')).toBe('/usr/bin/gawk');
  expect(tree.realPath('/usr/bin/nc')).toBe('/usr/bin/nc');
});
