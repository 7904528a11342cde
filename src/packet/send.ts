/** What the emulator asks of the engine: send a packet, see how it ended, then make the changes that it caused. */
import type { Connection, ConntrackTable } from '../dataplane/index.ts';
import type { Dice, Family, Moment, Packet, Trace, Verdict } from '../model/index.ts';
import { familyOf } from '../model/index.ts';
import type { AzureFabric } from './fabric/azure-fabric.ts';
import { resetsOf } from './fabric/forgotten-flow.ts';
import { resetsAtTimeout } from './fabric/idle-timeout.ts';
import { type Chance, Flight, Rolled } from './flight.ts';
import { errorFor, refusal } from './icmp.ts';
import { Recorder } from './recorder.ts';
import { walk } from './walk.ts';
import type { Host } from './world.ts';

export interface SendOptions {
  readonly at: Moment;
  readonly dice: Dice;
  /** whether a trace is kept; false where it is not given */
  readonly record?: boolean;
  /** a packet that is on its way and not committed yet, and the host that handles both at once */
  readonly race?: { readonly host: string; readonly rival: Walked };
}

/** How a packet ended. Nothing has changed yet: `commit` makes the changes. */
export interface Walked {
  readonly verdict: Verdict;
  /** the host where it ended */
  readonly host: Host;
  /** the packet as it was then: what the receiver sees */
  readonly seen: Packet;
  /** what that host sends back to the sender, an ICMP error or a reset: to be sent from `host`; undefined for silence */
  readonly answer: Packet | undefined;
  /** undefined unless it was asked for */
  readonly trace: Trace | undefined;
  /** connection tracking entries and `recent` lists that the packet changes */
  readonly flight: Flight;
}

class WalkedFlight implements Walked {
  readonly flight: Flight;
  readonly verdict: Verdict;
  #trace: Trace | undefined;

  constructor(flight: Flight) {
    this.flight = flight;
    this.verdict = flight.verdict!;
  }

  get host(): Host {
    return this.flight.host;
  }

  get seen(): Packet {
    return this.flight.packet();
  }

  get answer(): Packet | undefined {
    return answerOf(this.flight);
  }

  get trace(): Trace | undefined {
    if (this.flight.recorder === undefined) return undefined;
    this.#trace ??= traceOf(this.flight, this.flight.recorder);
    return this.#trace;
  }
}

function traceOf(flight: Flight, recorder: Recorder): Trace {
  let steps: Trace['steps'] | undefined;
  return {
    sent: flight.sent,
    seen: flight.packet(),
    get steps() {
      steps ??= recorder.steps();
      return steps;
    },
    verdict: flight.verdict!,
  };
}

function answerOf(flight: Flight): Packet | undefined {
  const verdict = flight.verdict!;
  if (verdict.verdict === 'unroutable') {
    const hasNoRoute = verdict.host === flight.host.name;
    return hasNoRoute && flight.host.forwards ? errorFor(flight, 'net-unreachable') : undefined;
  }
  if (verdict.verdict !== 'rejected') return undefined;
  const target = flight.blamed?.target;
  if (target?.target === 'REJECT') return refusal(flight, target.with);
  // Azure's NAT gateway has no rules.
  if (verdict.with === 'tcp-reset') return refusal(flight, 'tcp-reset');
  // IPVS refuses by itself where a virtual server has no real server.
  if (verdict.with === 'icmp-port-unreachable') return errorFor(flight, 'port-unreachable');
  return errorFor(flight, 'time-exceeded');
}

/** Sends a packet from a process of `from` and follows it to its end. Changes nothing but the dice. */
export function send(from: Host, packet: Packet, options: SendOptions): Walked {
  const { at, dice, record, race } = options;
  const family: Family = familyOf(packet.destination);
  const recorder = record === true ? new Recorder(family) : undefined;
  const flight = new Flight(from, packet, at, new Rolled(dice), recorder);
  if (race !== undefined) flight.race = { host: race.host, rival: race.rival.flight };
  walk(flight);
  return new WalkedFlight(flight);
}

/** A flow that Azure carries: until when, and whether both ends are told when it has been idle for too long. */
export interface CarriedFlow {
  readonly expiresAt: Moment;
  readonly resets: boolean;
}

/** The flow of a packet that was sent, as it is now; undefined where there is none (any more). */
export function carriedFlow({ flight }: Walked, fabric: AzureFabric, at: Moment): CarriedFlow | undefined {
  const flow = flight.carried && foundAgain(flight.carried, fabric.conntrack(flight.family), at);
  return flow && { expiresAt: flow.expiresAt, resets: resetsAtTimeout(flow) };
}

function foundAgain(flow: Connection, table: ConntrackTable, at: Moment): Connection | undefined {
  const found = table.find(flow.protocol, flow.source, flow.destination, flow.ports, at);
  return found < 0 ? undefined : table.read(found >> 1);
}

/**
 * The resets that both ends of a packet's flow get when it is forgotten, to be committed in this order: to the end that was
 * dialled, and to the one that did.
 */
export function sendResets({ flight }: Walked, fabric: AzureFabric, options: SendOptions): readonly Walked[] {
  const { family, carried } = flight;
  if (carried === undefined) return [];
  return resetsOf(fabric, family, carried).map(({ packet, from }) => {
    const recorder = options.record === true ? new Recorder(family) : undefined;
    const reset = new Flight(fabric, packet, options.at, new Rolled(options.dice), recorder);
    walk(reset, () => fabric.carry(reset, from));
    return new WalkedFlight(reset);
  });
}

/** Forgets the flow of a packet. */
export function forgetFlow({ flight }: Walked, fabric: AzureFabric): void {
  if (flight.carried !== undefined) fabric.conntrack(flight.family).remove(flight.carried);
}

/** As `send`, with chance decided by the caller. */
export function follow(from: Host, packet: Packet, at: Moment, chance: Chance, recorder: Recorder | undefined): Walked {
  const flight = new Flight(from, packet, at, chance, recorder);
  walk(flight);
  return new WalkedFlight(flight);
}

/** Writes what the packet changed: connections opened, moved on or closed, addresses remembered. Once for each walk. */
export function commit(walked: Walked): void {
  const { remembered, at } = walked.flight;
  // From the first change to the last: a closed entry makes room for the one opened in its place.
  for (let changed = takeChanges(walked.flight); changed !== undefined; changed = changed.changedBefore) {
    if (changed.row < 0) changed.table!.insert(changed, at);
    else changed.table!.update(changed);
  }
  const { balanced } = walked.flight;
  if (balanced !== undefined) balanced.ipvs.remember(balanced.choice);
  if (remembered === undefined) return;
  for (const { host, name, address, addressesMax } of remembered) host.recent.set(name, address, at, addressesMax);
}

/** The flight's changes turned round, the first one first; the flight has none afterwards. */
function takeChanges(flight: Flight): Connection | undefined {
  let first: Connection | undefined;
  for (let changed = flight.changedLast; changed !== undefined; ) {
    const before = changed.changedBefore;
    changed.changedBefore = first;
    first = changed;
    changed = before;
  }
  flight.changedLast = undefined;
  return first;
}
