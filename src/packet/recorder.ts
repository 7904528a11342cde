/**
 * What happened to a packet, as references: six entries a step, formatted only when someone reads them. Packets recorded are
 * values that never change, so keeping them is enough.
 */
import { type NftRule, nftRuleText, type Rule, ruleText, type Target } from '../dataplane/index.ts';
import {
  type ConntrackState,
  type Family,
  formatAddress,
  formatEndpoint,
  type HookName,
  type Packet,
  type TableName,
  type TraceStep,
} from '../model/index.ts';
import type { Flight } from './flight.ts';
import type { Hop, Host } from './world.ts';

type Kind = TraceStep['step'];

const STRIDE = 6;

/** A rule that matched, and its chain. */
export type RuleNote = IptablesNote | NftNote;

interface IptablesNote {
  readonly chain: { readonly name: string };
  readonly rule: Rule;
}

/** nft's rules do one thing after another: each has a note of its own. */
interface NftNote {
  readonly chain: { readonly name: string };
  readonly rule: NftRule;
  readonly effect: string | ((flight: Flight) => string);
}

/** What the cloud decided, by which rule of what. */
export interface Decision {
  readonly of: string;
  readonly rule: string;
  readonly effect: string;
}

/** What a trace says of a base chain that ended. */
interface PolicyChain {
  readonly name: string;
  readonly policy?: 'ACCEPT' | 'DROP';
}

export class Recorder {
  readonly #entries: unknown[] = [];
  readonly #family: Family;

  constructor(family: Family) {
    this.#family = family;
  }

  send(host: Host, packet: Packet): void {
    this.#entries.push('send', host, packet, undefined, undefined, undefined);
  }

  receive(host: Host, device: string, packet: Packet): void {
    this.#entries.push('receive', host, packet, device, undefined, undefined);
  }

  hook(host: Host, packet: Packet, hook: HookName, table: TableName): void {
    this.#entries.push('hook', host, packet, hook, table, undefined);
  }

  rule(flight: Flight, note: RuleNote): void {
    const effect = 'effect' in note && typeof note.effect === 'function' ? note.effect(flight) : undefined;
    this.#entries.push('rule', flight.host, flight.packet(), flight.tableName, effect, note);
  }

  policy(host: Host, packet: Packet, table: TableName, chain: PolicyChain): void {
    this.#entries.push('policy', host, packet, table, chain, undefined);
  }

  conntrack(host: Host, packet: Packet, state: ConntrackState): void {
    this.#entries.push('conntrack', host, packet, state, undefined, undefined);
  }

  translate(host: Host, packet: Packet, by: string, before: Packet): void {
    this.#entries.push('translate', host, packet, by, before, undefined);
  }

  /** `hop` undefined: the address is the host's own */
  route(host: Host, packet: Packet, hop: Hop | undefined, routeText: (hop: Hop) => string): void {
    this.#entries.push('route', host, packet, hop, routeText, undefined);
  }

  forward(from: Host, to: Host, over: string, packet: Packet): void {
    this.#entries.push('forward', from, packet, to, over, undefined);
  }

  decision(host: Host, packet: Packet, decision: Decision): void {
    this.#entries.push('decision', host, packet, decision, undefined, undefined);
  }

  steps(): readonly TraceStep[] {
    const steps: TraceStep[] = [];
    for (let at = 0; at < this.#entries.length; at += STRIDE) steps.push(this.#step(at));
    return steps;
  }

  #step(at: number): TraceStep {
    const entry = this.#entries;
    const step = entry[at] as Kind;
    const host = (entry[at + 1] as Host).name;
    const packet = entry[at + 2] as Packet;
    const [a, b, c] = [entry[at + 3], entry[at + 4], entry[at + 5]];
    switch (step) {
      case 'send':
        return { step, host, packet };
      case 'receive':
        return { step, host, interface: a as string, packet };
      case 'hook':
        return { step, host, hook: a as HookName, table: b as TableName, packet };
      case 'rule':
        return this.#ruleStep(host, a as TableName, c as RuleNote, b as string | undefined);
      case 'policy': {
        const { name, policy } = b as PolicyChain;
        return { step, host, table: a as TableName, chain: name, policy: policy ?? 'ACCEPT' };
      }
      case 'conntrack':
        return { step, host, state: a as ConntrackState, packet };
      case 'translate':
        return { step, host, by: a as 'DNAT', before: b as Packet, packet };
      case 'route': {
        const hop = a as Hop | undefined;
        if (hop === undefined) return { step, host, route: `local ${formatAddress(packet.destination)}`, packet };
        return { step, host, route: (b as (hop: Hop) => string)(hop), interface: hop.device, packet };
      }
      case 'decision':
        return { step, host, ...(a as Decision), packet };
      case 'forward':
        return { step, from: host, to: (a as Host).name, over: b as string, packet };
      default:
        return step satisfies never;
    }
  }

  #ruleStep(host: string, table: TableName, note: RuleNote, effect: string | undefined): TraceStep {
    const chain = note.chain.name;
    if ('effect' in note) {
      const rule = nftRuleText(note.rule, { family: this.#family, form: 'list', markDigits: 8 });
      return { step: 'rule', host, table, chain, rule, effect: effect ?? (note.effect as string) };
    }
    const rule = ruleText(chain, note.rule, this.#family);
    return { step: 'rule', host, table, chain, rule, effect: effectText(note.rule.target) };
  }
}

function hex(number: number): string {
  return `0x${number.toString(16)}`;
}

/** What a target does, in a few words. */
function effectText(target: Target): string {
  switch (target.target) {
    case 'none':
      return 'nothing';
    case 'ACCEPT':
      return 'accepted';
    case 'DROP':
      return 'dropped';
    case 'RETURN':
      return 'back to the chain before';
    case 'jump':
      return `on to ${target.chain.name}`;
    case 'REJECT':
      return `refused with ${target.with}`;
    case 'MARK':
      return `mark = (mark & ~${hex(target.mask)}) ^ ${hex(target.value)}`;
    case 'DNAT': {
      const { address, port } = target;
      return `destination becomes ${port === undefined ? formatAddress(address) : formatEndpoint(address, port)}`;
    }
    case 'SNAT':
      return `source becomes ${formatAddress(target.address)}`;
    case 'MASQUERADE':
      return 'source becomes the address of the interface it leaves by';
    default:
      return target satisfies never;
  }
}
