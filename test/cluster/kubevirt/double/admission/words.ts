/** Rules for names, from k8s.io/apimachinery/pkg/util/validation; each returns what is wrong, or nothing. */

const labelMax = 63;
const subdomainMax = 253;

/** RFC 1123 label: lower-case letters, digits and dashes. */
export function labelProblem(text: string): string | undefined {
  if (text.length > labelMax) return `must be no more than ${labelMax} characters`;
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)) return undefined;
  return 'a lowercase RFC 1123 label consists of lower case letters, digits and -, and begins and ends with neither -';
}

/** RFC 1123 subdomain: labels joined by dots. */
export function subdomainProblem(text: string): string | undefined {
  if (text.length > subdomainMax) return `must be no more than ${subdomainMax} characters`;
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text)) return undefined;
  return 'a lowercase RFC 1123 subdomain consists of lower case letters, digits, - and ., and begins and ends with a letter or digit';
}

/** IANA service name with a letter, as ports are named. */
export function portNameProblem(text: string): string | undefined {
  const fits = text.length <= 15 && /^[-a-z0-9]+$/.test(text) && /[a-z]/.test(text);
  if (fits && !text.includes('--') && !text.startsWith('-') && !text.endsWith('-')) return undefined;
  return 'a port name has at most 15 lower case letters, digits and single dashes inside, and a letter among them';
}

/** `prefix/name` of a label. */
export function labelKeyProblem(text: string): string | undefined {
  const parts = text.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2) return 'a label key is a name with at most one prefix before a slash';
  const prefixProblem = parts.length === 2 ? subdomainProblem(parts[0] ?? '') : undefined;
  if (prefixProblem) return `its prefix is wrong: ${prefixProblem}`;
  if (name.length <= labelMax && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(name)) return undefined;
  return 'the name of a label key has 1 to 63 letters, digits, -, _ and ., and begins and ends with a letter or digit';
}

export function labelValueProblem(text: string): string | undefined {
  if (text.length <= labelMax && /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(text)) return undefined;
  return 'a label value has at most 63 letters, digits, -, _ and ., and begins and ends with a letter or digit';
}
