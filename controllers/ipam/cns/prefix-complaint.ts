/** What Go says of a text that is no CIDR. Source: net/netip netip.go (`ParsePrefix`, `ParseAddr`, `parseIPv4Fields`), Go 1.24. */
import { parseAddress } from '../../../src/model/index.ts';

/** The end of the sentence `netip.ParsePrefix("10.0.0.0"): no '/'`. */
export function prefixComplaint(text: string): string {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return "no '/'";
  const [host, bits] = [text.slice(0, slash), text.slice(slash + 1)];
  if (parseAddress(host) === undefined) return `ParseAddr(${JSON.stringify(host)}): ${addressComplaint(host)}`;
  return /^(0|[1-9]\d*)$/.test(bits) ? 'prefix length out of range' : `bad bits after slash: ${JSON.stringify(bits)}`;
}

function addressComplaint(text: string): string {
  const kind = /[.:%]/.exec(text)?.[0];
  return kind === '.' ? ipv4Complaint(text) : 'unable to parse IP';
}

/** The first thing that is wrong, from the left. */
function ipv4Complaint(text: string): string {
  let field = '';
  let dots = 0;
  for (const [i, character] of [...text].entries()) {
    if (character === '.') {
      const isEmpty = field === '' || i === text.length - 1;
      if (isEmpty) return `IPv4 field must have at least one digit (at ${JSON.stringify(text.slice(i))})`;
      if (dots === 3) return 'IPv4 address too long';
      dots++;
      field = '';
      continue;
    }
    if (!/\d/.test(character)) return `unexpected character (at ${JSON.stringify(text.slice(i))})`;
    if (field === '0') return 'IPv4 field has octet with leading zero';
    field += character;
    if (Number(field) > 255) return 'IPv4 field has value >255';
  }
  return 'IPv4 address too short';
}
