/** Which texts are domain names. Source: miekg/dns `IsDomainName`; RFC 1035 section 2.3.4. */

const LABEL_MAX = 63;
const NAME_MAX = 254;

/** Labels of 1 to 63 bytes, 254 in all, with or without the final dot; `.` is the root. */
export function isDomainName(text: string): boolean {
  if (text === '.') return true;
  const labels = text.replace(/\.$/, '').split('.');
  return text.length <= NAME_MAX && labels.every((label) => label.length > 0 && label.length <= LABEL_MAX);
}
