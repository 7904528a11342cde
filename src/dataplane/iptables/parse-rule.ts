/**
 * One rule of iptables-save (`-A CHAIN …`) into matches and a target. An option that is not known is refused by its name:
 * a rule that is only half understood would send packets the wrong way.
 */
import {
  type Address,
  type Cidr,
  ICMP,
  ICMPV6,
  type ProtocolNumber,
  parseAddress,
  parseCidr,
  SCTP,
  TCP,
  UDP,
} from '../../model/index.ts';
import {
  type AddressType,
  type Chain,
  type Match,
  type RejectWith,
  type Rule,
  STATE_DNAT,
  STATE_ESTABLISHED,
  STATE_INVALID,
  STATE_NEW,
  STATE_RELATED,
  STATE_SNAT,
  STATE_UNTRACKED,
  type Target,
} from '../netfilter.ts';

/** Why a rule cannot be read, in words. Thrown within the parser only, which adds the line. */
export class RuleError extends Error {}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Ports = Mutable<Extract<Match, { match: 'ports' }>>;
type Recent = Mutable<Extract<Match, { match: 'recent' }>>;

const PROTOCOLS: Readonly<Record<string, ProtocolNumber>> = {
  tcp: TCP,
  udp: UDP,
  sctp: SCTP,
  icmp: ICMP,
  icmpv6: ICMPV6,
  'ipv6-icmp': ICMPV6,
  '6': TCP,
  '17': UDP,
  '132': SCTP,
  '1': ICMP,
  '58': ICMPV6,
};
const STATES: Readonly<Record<string, number>> = {
  NEW: STATE_NEW,
  ESTABLISHED: STATE_ESTABLISHED,
  RELATED: STATE_RELATED,
  INVALID: STATE_INVALID,
  UNTRACKED: STATE_UNTRACKED,
  DNAT: STATE_DNAT,
  SNAT: STATE_SNAT,
};
const ADDRESS_TYPES: readonly string[] = ['LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST', 'UNSPEC'];
const REJECTS: Readonly<Record<string, RejectWith>> = {
  'icmp-port-unreachable': 'icmp-port-unreachable',
  'port-unreach': 'icmp-port-unreachable',
  'icmp-host-unreachable': 'icmp-host-unreachable',
  'icmp-net-unreachable': 'icmp-net-unreachable',
  'icmp-admin-prohibited': 'icmp-admin-prohibited',
  'icmp6-port-unreachable': 'icmp6-port-unreachable',
  'tcp-reset': 'tcp-reset',
};
const MODULES: readonly string[] = ['comment', 'conntrack', 'mark', 'addrtype', 'statistic', 'recent', 'nfacct'];

/** The words of one rule while they are read. */
class RuleReader {
  readonly matches: Match[] = [];
  target: Target | undefined;
  readonly #words: readonly string[];
  readonly #chains: ReadonlyMap<string, Chain>;
  readonly #ipv6: boolean;
  #at = 0;
  #inverted = false;
  #ports: Ports | undefined;
  #recent: Partial<Recent> | undefined;
  #protocol: ProtocolNumber | undefined;
  #randomFully = false;
  /** the option that the target still lacks */
  #missing = '';

  constructor(words: readonly string[], chains: ReadonlyMap<string, Chain>, ipv6: boolean) {
    this.#words = words;
    this.#chains = chains;
    this.#ipv6 = ipv6;
  }

  read(): Rule {
    while (this.#at < this.#words.length) {
      const word = this.#next('');
      if (word === '!') this.#inverted = true;
      else {
        this.#option(word);
        if (this.#inverted) throw new RuleError(`${word} cannot be inverted`);
      }
    }
    if (this.#recent !== undefined && this.#recent.action === undefined)
      throw new RuleError('-m recent without --set or --rcheck');
    return { matches: this.matches, target: this.#finishTarget() };
  }

  #finishTarget(): Target {
    const target = this.target ?? { target: 'none' };
    const takesPort = target.target === 'MASQUERADE' || target.target === 'SNAT';
    if (this.#randomFully && !takesPort) throw new RuleError('--random-fully without MASQUERADE or SNAT');
    if (this.#missing !== '') throw new RuleError(`-j ${target.target} without ${this.#missing}`);
    return takesPort ? { ...target, randomFully: this.#randomFully } : target;
  }

  #next(after: string): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new RuleError(`${after} needs a value`);
    return word;
  }

  #takeInverted(): boolean {
    const inverted = this.#inverted;
    this.#inverted = false;
    return inverted;
  }

  #option(word: string): void {
    if (!(this.#headerOption(word) || this.#moduleOption(word) || this.#targetOption(word)))
      throw new RuleError(`unknown option ${word}`);
  }

  #headerOption(word: string): boolean {
    switch (word) {
      case '-s':
      case '--source':
      case '-d':
      case '--destination': {
        const cidr = cidrFrom(this.#next(word), word);
        const match = word === '-s' || word === '--source' ? 'source' : 'destination';
        this.matches.push({ match, cidr, inverted: this.#takeInverted() });
        return true;
      }
      case '-p':
      case '--protocol': {
        const protocol = this.#readProtocol(this.#next(word));
        this.matches.push({ match: 'protocol', protocol, inverted: this.#takeInverted() });
        return true;
      }
      case '-i':
      case '-o': {
        const match = word === '-i' ? 'in-interface' : 'out-interface';
        this.matches.push({ match, name: this.#next(word), inverted: this.#takeInverted() });
        return true;
      }
      default:
        return false;
    }
  }

  #readProtocol(name: string): ProtocolNumber {
    const protocol = PROTOCOLS[name];
    if (protocol === undefined) throw new RuleError(`unknown protocol ${name}`);
    this.#protocol = protocol;
    return protocol;
  }

  #moduleOption(word: string): boolean {
    switch (word) {
      case '-m':
      case '--match':
        this.#module(this.#next(word));
        return true;
      case '--comment':
        this.matches.push({ match: 'comment', text: this.#next(word) });
        return true;
      case '--ctstate':
        this.matches.push({ match: 'conntrack', states: statesFrom(this.#next(word)), inverted: this.#takeInverted() });
        return true;
      case '--mark': {
        const [value, mask] = maskedFrom(this.#next(word), 0xffffffff);
        this.matches.push({ match: 'mark', value, mask, inverted: this.#takeInverted() });
        return true;
      }
      case '--src-type':
      case '--dst-type': {
        const side = word === '--src-type' ? 'source' : 'destination';
        const type = addressTypeFrom(this.#next(word));
        this.matches.push({ match: 'address-type', side, type, inverted: this.#takeInverted() });
        return true;
      }
      case '--mode':
        if (this.#next(word) !== 'random') throw new RuleError('-m statistic knows --mode random only');
        return true;
      case '--probability':
        this.matches.push({ match: 'statistic', probability: fractionFrom(this.#next(word)) });
        return true;
      case '--nfacct-name':
        this.matches.push({ match: 'nfacct', name: this.#next(word) });
        return true;
      default:
        return this.#portOption(word) || this.#recentOption(word);
    }
  }

  #module(name: string): void {
    const protocol = PROTOCOLS[name];
    if (protocol !== undefined) {
      this.#ports = { match: 'ports', protocol };
      this.matches.push(this.#ports);
    } else if (name === 'recent') {
      this.#recent = { match: 'recent', name: 'DEFAULT' };
      this.matches.push(this.#recent as Recent);
    } else if (!MODULES.includes(name)) throw new RuleError(`unknown match ${name}`);
  }

  #portOption(word: string): boolean {
    const isSource = word === '--sport' || word === '--source-port';
    if (!isSource && word !== '--dport' && word !== '--destination-port') return false;
    if (this.#ports === undefined) {
      if (this.#protocol === undefined) throw new RuleError(`${word} without a protocol`);
      this.#ports = { match: 'ports', protocol: this.#protocol };
      this.matches.push(this.#ports);
    }
    this.#ports[isSource ? 'source' : 'destination'] = rangeFrom(this.#next(word));
    if (this.#takeInverted()) this.#ports[isSource ? 'sourceInverted' : 'destinationInverted'] = true;
    return true;
  }

  #recentOption(word: string): boolean {
    const recent = this.#recent;
    if (recent === undefined) return false;
    switch (word) {
      case '--set':
      case '--rcheck':
        recent.action = word === '--set' ? 'set' : 'rcheck';
        return true;
      case '--name':
        recent.name = this.#next(word);
        return true;
      case '--seconds':
        recent.seconds = wholeFrom(this.#next(word));
        return true;
      case '--reap':
        recent.reap = true;
        return true;
      case '--mask':
        if (!/^(255\.255\.255\.255|ffff(:ffff){7})$/i.test(this.#next(word)))
          throw new RuleError('-m recent knows whole addresses only');
        return true;
      case '--rsource':
        return true;
      default:
        return false;
    }
  }

  #targetOption(word: string): boolean {
    switch (word) {
      case '-j':
      case '--jump':
        this.target = this.#jump(this.#next(word));
        return true;
      case '--random-fully':
        this.#randomFully = true;
        return true;
      default:
        return this.target !== undefined && this.#argumentOf(this.target, word);
    }
  }

  #jump(name: string): Target {
    switch (name) {
      case 'ACCEPT':
      case 'DROP':
      case 'RETURN':
        return { target: name };
      case 'REJECT':
        return { target: 'REJECT', with: this.#ipv6 ? 'icmp6-port-unreachable' : 'icmp-port-unreachable' };
      case 'MARK':
        this.#missing = 'a mark';
        return { target: 'MARK', value: 0, mask: 0 };
      case 'DNAT':
        this.#missing = '--to-destination';
        return { target: 'DNAT', address: 0 };
      case 'SNAT':
        this.#missing = '--to-source';
        return { target: 'SNAT', address: 0, randomFully: false };
      case 'MASQUERADE':
        return { target: 'MASQUERADE', randomFully: false };
      default: {
        const chain = this.#chains.get(name);
        if (chain === undefined) throw new RuleError(`unknown target ${name}`);
        return { target: 'jump', chain };
      }
    }
  }

  #argumentOf(target: Target, word: string): boolean {
    if (target.target === 'REJECT' && word === '--reject-with') {
      const name = this.#next(word);
      const known = REJECTS[name];
      if (known === undefined) throw new RuleError(`unknown --reject-with ${name}`);
      this.target = { target: 'REJECT', with: known };
    } else if (target.target === 'MARK' && word.endsWith('mark')) {
      this.target = markFrom(word, this.#next(word));
    } else if (target.target === 'DNAT' && word === '--to-destination') {
      const { address, port } = endpointFrom(this.#next(word));
      this.target = { target: 'DNAT', address, ...(port === undefined ? {} : { port }) };
    } else if (target.target === 'SNAT' && word === '--to-source') {
      const { address, port } = endpointFrom(this.#next(word));
      if (port !== undefined) throw new RuleError('--to-source with a port is not known');
      this.target = { target: 'SNAT', address, randomFully: false };
    } else return false;
    this.#missing = '';
    return true;
  }
}

/** `-j MARK`'s ways of setting bits, all as (mark & ~mask) ^ value (xt_MARK, iptables-extensions(8)). */
function markFrom(option: string, text: string): Target {
  const [value, mask] = maskedFrom(text, 0xffffffff);
  switch (option) {
    case '--set-xmark':
      return { target: 'MARK', value, mask };
    case '--set-mark':
      return { target: 'MARK', value, mask: (mask | value) >>> 0 };
    case '--or-mark':
      return { target: 'MARK', value, mask: value };
    case '--xor-mark':
      return { target: 'MARK', value, mask: 0 };
    case '--and-mark':
      return { target: 'MARK', value: 0, mask: ~value >>> 0 };
    default:
      throw new RuleError(`unknown option ${option}`);
  }
}

function cidrFrom(text: string, option: string): Cidr {
  const cidr = parseCidr(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
  if (cidr === undefined) throw new RuleError(`${option} ${text} is not an address`);
  return cidr;
}

function endpointFrom(text: string): { readonly address: Address; readonly port?: number } {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  const address = parseAddress(parts === null ? text : (parts[1] ?? parts[2]!));
  if (address === undefined) throw new RuleError(`${text} is not an address`);
  return parts === null ? { address } : { address, port: portFrom(parts[3]!) };
}

function portFrom(text: string): number {
  const port = wholeFrom(text);
  if (port > 65535) throw new RuleError(`${text} is not a port`);
  return port;
}

function rangeFrom(text: string): readonly [number, number] {
  const [from = '', to] = text.split(':');
  return [from === '' ? 0 : portFrom(from), to === undefined ? portFrom(from) : to === '' ? 65535 : portFrom(to)];
}

function wholeFrom(text: string): number {
  if (!/^\d+$/.test(text)) throw new RuleError(`${text} is not a whole number`);
  return Number(text);
}

function fractionFrom(text: string): number {
  const fraction = Number(text);
  if (!(fraction >= 0 && fraction <= 1)) throw new RuleError(`${text} is not a probability`);
  return fraction;
}

function maskedFrom(text: string, mask: number): readonly [number, number] {
  const parts = /^(0x[0-9a-f]+|\d+)(?:\/(0x[0-9a-f]+|\d+))?$/i.exec(text);
  if (parts === null) throw new RuleError(`${text} is not a mark`);
  return [Number(parts[1]), parts[2] === undefined ? mask : Number(parts[2])];
}

function statesFrom(text: string): number {
  let states = 0;
  for (const name of text.split(',')) {
    const state = STATES[name];
    if (state === undefined) throw new RuleError(`unknown connection state ${name}`);
    states |= state;
  }
  return states;
}

function addressTypeFrom(text: string): AddressType {
  if (!ADDRESS_TYPES.includes(text)) throw new RuleError(`unknown address type ${text}`);
  return text as AddressType;
}

/** Reads what follows `-A CHAIN`. `chains` are those of the same table; throws RuleError. */
export function parseRule(words: readonly string[], chains: ReadonlyMap<string, Chain>, ipv6: boolean): Rule {
  return new RuleReader(words, chains, ipv6).read();
}
