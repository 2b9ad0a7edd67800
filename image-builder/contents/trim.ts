import type { FileTree } from './file-tree.ts';

const dropped = [
  /^\/usr\/share\/(man|info|lintian|bug|locale|bash-completion|zsh|fish)(\/|$)/,
  // Licences stay: whoever passes the image on must pass them on.
  /^\/usr\/share\/doc\/[^/]+\/(?!copyright$)/,
  /^\/var\/cache\/(apt|debconf|ldconfig)(\/|$)/,
];

/** Removes what no program reads: manuals, documentation, translated messages, completions for shells. */
export function trimPackages(tree: FileTree): void {
  for (const [path] of [...tree.walk()]) {
    if (dropped.some((pattern) => pattern.test(path))) tree.remove(path);
  }
}
