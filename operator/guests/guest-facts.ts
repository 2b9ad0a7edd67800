import { parseExposition } from '@osv/contracts';
import type { GuestFacts } from '../osv-app/model.ts';

const facts = /^osv_(?:boot_seconds|build_info)[{ ].*$/gm;

/** What an app's status shows of a guest's metrics: two lines of about a thousand, so only these are parsed. */
export function guestFacts(exposition: string): GuestFacts {
  const samples = parseExposition(`${(exposition.match(facts) ?? []).join('\n')}\n`);
  const seconds = samples.find(({ name }) => name === 'osv_boot_seconds')?.value;
  return {
    bootMilliseconds: seconds ? Math.round(seconds * 1e6) / 1000 : undefined,
    kernelVersion: samples.find(({ name }) => name === 'osv_build_info')?.labels.version,
  };
}
