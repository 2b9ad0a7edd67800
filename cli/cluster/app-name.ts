import { CommandError } from '../command-error.ts';

/** As kubectl names an app in what it prints. */
export function appTitle(name: string): string {
  return `osvapp.osvapp.dev/${name}`;
}

const kinds = new Set(['osv', 'osvapp', 'osvapps', 'osvapp.osvapp.dev', 'osvapps.osvapp.dev']);

/**
 * The name in `redis` or, as kubectl writes it, `osvapp/redis`.
 *
 * @throws CommandError invalid-argument
 */
export function parseAppName(text: string): string {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  if (slash >= 0 && !kinds.has(text.slice(0, slash).toLowerCase())) {
    throw new CommandError(
      'invalid-argument',
      `"${text}" is no app; this command is about OsvApps, such as osvapp/redis.`,
    );
  }
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    throw new CommandError(
      'invalid-argument',
      `"${name}" is no name of an app; there are lower-case letters, digits and hyphens in it.`,
    );
  }
  return name;
}
