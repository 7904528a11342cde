/** A node's own addresses: one a line, or what `ip -o addr` prints. */
import { type Address, parseAddress } from '../model/index.ts';

/** `2: eth0    inet 10.10.12.4/24 …` */
const IP_ADDR_LINE = /^\d+:\s+\S+\s+inet6?\s+(\S+)/;

/** The addresses in their order, or the first line that spells none. Lines count from 1; `#` begins a comment. */
export function readAddresses(text: string): readonly Address[] | { readonly line: number; readonly message: string } {
  const addresses: Address[] = [];
  for (const [i, whole] of text.split('\n').entries()) {
    const line = whole.replace(/#.*/, '').trim();
    if (line === '') continue;
    const spelled = IP_ADDR_LINE.exec(line)?.[1] ?? line;
    const address = parseAddress(spelled.replace(/\/\d+$/, ''));
    if (address === undefined) return { line: i + 1, message: `${JSON.stringify(line)} is no IP address` };
    addresses.push(address);
  }
  return addresses;
}
