/** Whom a script asks for a name: `10.96.0.10`, `10.96.0.10:5353`, `[fd00::a]:53`. */
import type { DnsServerAddress } from '../emulator/index.ts';
import { parseAddress } from '../model/index.ts';

const DNS_PORT = 53;
const PORT_MAX = 65_535;

/** The name server that the text names, or one sentence on why it names none. */
export function parseNameServer(text: string): DnsServerAddress | string {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  if (parseAddress(address) === undefined)
    return `${JSON.stringify(text)} is no name server, such as 10.96.0.10 or 10.96.0.10:5353`;
  const number = port === undefined ? DNS_PORT : Number(port);
  if (number < 1 || number > PORT_MAX) return `port ${number} is outside 1 to 65535`;
  return { address, port: number };
}
