/** One packet on its way: its header as integers, where it is, and what was found and decided so far. */
import {
  addressOfNumber,
  type Connection,
  type ConntrackTable,
  type Direction,
  type NftChain,
  type NftRule,
  numberOfAddress,
  ORIGINAL,
  packPorts,
  type Rule,
} from '../dataplane/index.ts';
import {
  type Address,
  type Dice,
  type Family,
  familyOf,
  type Moment,
  type Packet,
  type Payload,
  type ProtocolNumber,
  type TableName,
  type Verdict,
} from '../model/index.ts';
import type { Choice, IpvsTable } from './ipvs/table.ts';
import type { HostRules } from './program/ruleset-program.ts';
import type { Recorder } from './recorder.ts';
import type { Host } from './world.ts';

/** Decides where rules leave it to chance. */
export interface Chance {
  /** whether what has this chance, in 2^31sts, happens */
  happens(threshold: number): boolean;
  readonly dice: Dice;
}

/** The dice as they fall. */
export class Rolled implements Chance {
  readonly dice: Dice;

  constructor(dice: Dice) {
    this.dice = dice;
  }

  happens(threshold: number): boolean {
    return this.dice.below(0x80000000) < threshold;
  }
}

/** What is to be remembered of a packet, under the name of a list or set. */
export interface Remembered {
  readonly host: Host;
  readonly name: string;
  readonly address: number;
  /** how many addresses there is room for; as many as a list of `recent` has, where it is not said */
  readonly addressesMax?: number;
}

/** A packet that another CPU of a host handles at the same time: what it has opened there is in no table yet. */
export interface Race {
  readonly host: string;
  readonly rival: Flight;
}

export class Flight {
  readonly sent: Packet;
  readonly family: Family;
  readonly protocol: ProtocolNumber;
  readonly flags: number;
  readonly at: Moment;
  readonly chance: Chance;
  readonly recorder: Recorder | undefined;
  race: Race | undefined;

  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  ttl: number;
  payload: Payload | undefined;

  host: Host;
  /** the host's rules; undefined where it has none */
  rules: HostRules | undefined;
  /** the stops where those have anything to run; see HostRules */
  stops: number;
  table: ConntrackTable | undefined;
  mark: number;
  /** where it is recorded: the table whose rules it walks */
  tableName: TableName;
  /** where it is recorded: the rule of nft that asked a map last */
  asking: { readonly chain: NftChain; readonly rule: NftRule } | undefined;
  inInterface: string;
  outInterface: string;

  /** what conntrack found on this host; undefined: not tracked, or INVALID */
  connection: Connection | undefined;
  direction: Direction;
  /** one of netfilter.ts' STATE_ bits; 0 before conntrack has looked */
  state: number;
  /** the target that has just decided on a translation */
  translatedBy: 'DNAT' | 'SNAT' | 'MASQUERADE' | 'conntrack';
  /** whether a MASQUERADE target was reached on any host, also where the address it lends was the packet's already */
  masqueraded: boolean;

  /** the rule that dropped or refused the packet */
  blamed: Rule | undefined;
  blamedChain: string;
  verdict: Verdict | undefined;

  /** the connection changed last; each leads to the one before */
  changedLast: Connection | undefined;
  /** what `recent` lists are to remember: list name and host, each with this packet's source there */
  remembered: Remembered[] | undefined;

  /** what IPVS chose on this packet's way: the last host's only, for no packet is balanced twice */
  balanced: { readonly ipvs: IpvsTable; readonly choice: Choice } | undefined;

  /** the flow that Azure's fabric carries it in, where it has come that far */
  carried: Connection | undefined;

  #shown: Packet | undefined;

  constructor(host: Host, packet: Packet, at: Moment, chance: Chance, recorder: Recorder | undefined) {
    this.sent = packet;
    this.family = familyOf(packet.destination);
    this.protocol = packet.protocol;
    this.flags = packet.flags;
    this.at = at;
    this.chance = chance;
    this.recorder = recorder;
    this.source = numberOfAddress(packet.source);
    this.destination = numberOfAddress(packet.destination);
    this.sourcePort = packet.sourcePort;
    this.destinationPort = packet.destinationPort;
    this.ttl = packet.ttl;
    this.payload = packet.payload;
    this.host = host;
    this.race = undefined;
    this.rules = undefined;
    this.stops = 0;
    this.table = undefined;
    this.mark = 0;
    this.tableName = 'raw';
    this.asking = undefined;
    this.inInterface = '';
    this.outInterface = '';
    this.connection = undefined;
    this.direction = ORIGINAL;
    this.state = 0;
    this.translatedBy = 'conntrack';
    this.masqueraded = false;
    this.blamed = undefined;
    this.blamedChain = '';
    this.verdict = undefined;
    this.changedLast = undefined;
    this.remembered = undefined;
    this.balanced = undefined;
    this.carried = undefined;
    this.#shown = packet;
  }

  get destinationAddress(): Address {
    return this.family === 4 ? this.destination >>> 0 : addressOfNumber(6, this.destination);
  }

  get sourceAddress(): Address {
    return this.family === 4 ? this.source >>> 0 : addressOfNumber(6, this.source);
  }

  get ports(): number {
    return packPorts(this.sourcePort, this.destinationPort);
  }

  /** Must be called after a change of the header. */
  changed(): void {
    this.#shown = undefined;
  }

  /** The packet as it is now, as a value of its own. */
  packet(): Packet {
    if (this.#shown === undefined) {
      const { protocol, sourcePort, destinationPort, flags, ttl, payload } = this;
      const source = this.sourceAddress;
      const destination = this.destinationAddress;
      const header = { protocol, source, sourcePort, destination, destinationPort, flags, ttl };
      this.#shown = payload === undefined ? header : { ...header, payload };
    }
    return this.#shown;
  }
}
