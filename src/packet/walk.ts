/**
 * A packet's way from the host that sends it to the verdict that ends it.
 *
 *                            ┌──────────────── process ────────────────┐
 *                            │                                          ▼
 *                          INPUT                                     OUTPUT
 *                            ▲                                          │
 *   received → PREROUTING → (route) ────────→ FORWARD ────────→ POSTROUTING → sent on
 *
 *   PREROUTING, OUTPUT   raw, conntrack, mangle, nat (destination); OUTPUT then filter
 *   INPUT, FORWARD       mangle, filter; INPUT then nat (source)
 *   POSTROUTING          mangle, nat (source)
 *
 * A new connection is confirmed at the end of INPUT and POSTROUTING. (Netfilter's priorities: include/uapi/linux/netfilter_ipv4.h.)
 */
import {
  DESTINATION_NAT,
  DESTINATION_NAT_DONE,
  numberOfAddress,
  routeText,
  SOURCE_NAT,
  SOURCE_NAT_DONE,
  STATE_NEW,
  STATE_RELATED,
} from '../dataplane/index.ts';
import type { Address, Verdict } from '../model/index.ts';
import type { Flight } from './flight.ts';
import { translateError } from './icmp.ts';
import { balance, isForIpvs } from './ipvs/balance.ts';
import { bindAsIs, type Side, translate } from './nat.ts';
import {
  ACCEPT,
  DROP,
  FORWARD_FILTER,
  FORWARD_MANGLE,
  INPUT_FILTER,
  INPUT_MANGLE,
  INPUT_NAT,
  OUTPUT_FILTER,
  OUTPUT_MANGLE,
  OUTPUT_NAT,
  OUTPUT_RAW,
  POSTROUTING_MANGLE,
  POSTROUTING_NAT,
  PREROUTING_MANGLE,
  PREROUTING_NAT,
  PREROUTING_RAW,
  REJECT,
} from './stops.ts';
import { confirm, track } from './tracking.ts';
import type { Hop, Host } from './world.ts';

/** More hosts than any TTL lets a packet cross. */
const HOSTS_MAX = 512;

/** Walks the flight to its end and sets its verdict. `begin`: how it leaves its first host, where no process of that sends it. */
export function walk(flight: Flight, begin: (flight: Flight) => Hop | undefined = depart): void {
  enter(flight, flight.host);
  flight.recorder?.send(flight.host, flight.packet());
  let hop = begin(flight);
  for (let hosts = 0; flight.verdict === undefined; hosts++) {
    if (hosts > HOSTS_MAX) throw new Error(`a packet goes round for ever, now at ${flight.host.name}`);
    if (hop === undefined) throw new Error(`a packet has neither a verdict nor a way on at ${flight.host.name}`);
    hop = cross(flight, hop);
  }
}

/** The host's end of a packet: it forgets what other hosts knew of it. */
function enter(flight: Flight, host: Host): void {
  flight.host = host;
  const rules = host.rules(flight.family);
  flight.rules = rules;
  flight.stops = rules === undefined ? 0 : rules.stops;
  flight.table = host.conntrack(flight.family);
  flight.mark = 0;
  flight.connection = undefined;
  flight.state = 0;
  flight.inInterface = '';
  flight.outInterface = '';
}

/** From a process of this host. Returns the way on, or sets the verdict. */
function depart(flight: Flight): Hop | undefined {
  const { host, destination } = flight;
  let hop = routeOut(flight);
  if (flight.verdict !== undefined) return undefined;
  if (flight.rules !== undefined || flight.table !== undefined) {
    if (passOutput(flight) !== ACCEPT || passIpvs(flight) === undefined) return undefined;
    if (flight.destination !== destination) hop = routeOut(flight);
    if (flight.verdict !== undefined) return undefined;
    if (runsAt(flight, OUTPUT_FILTER) && isStopped(flight, OUTPUT_FILTER)) return undefined;
    if (passPostrouting(flight) !== ACCEPT) return undefined;
  }
  if (hop !== undefined) return hop;
  // Its own address: out of lo, and in again.
  flight.inInterface = 'lo';
  flight.outInterface = '';
  flight.recorder?.receive(host, 'lo', flight.packet());
  return passPrerouting(flight) === ACCEPT ? accept(flight) : undefined;
}

/** The route of a packet that the host itself sends; undefined for one to itself. */
function routeOut(flight: Flight): Hop | undefined {
  const { host } = flight;
  const address = flight.destinationAddress;
  if (host.isLocal(address) === true) {
    flight.outInterface = 'lo';
    flight.recorder?.route(host, flight.packet(), undefined, hopText);
    return undefined;
  }
  const hop = findRoute(flight, address);
  if (hop !== undefined && isLoopback(flight.source, flight.family) && !host.routeLocalnet)
    drop(flight, 'a loopback source does not leave the host');
  return hop;
}

/** `destination`: the packet's */
function findRoute(flight: Flight, destination: Address): Hop | undefined {
  const { host } = flight;
  const hop = host.hop(destination);
  if (hop === undefined) {
    end(flight, { verdict: 'unroutable', host: host.name, reason: 'network is unreachable' });
    return undefined;
  }
  flight.outInterface = hop.device;
  flight.recorder?.route(host, flight.packet(), hop, hopText);
  return hop;
}

function hopText(hop: Hop): string {
  return routeText(hop.route);
}

/** Over the link to the next host, and through that. */
function cross(flight: Flight, hop: Hop): Hop | undefined {
  const { next } = hop;
  if (next === undefined) {
    // It has left this host: whatever loses it on the way tells nobody.
    end(flight, { verdict: 'unroutable', host: hop.over, reason: hop.reason ?? 'nobody has that address' });
    return undefined;
  }
  const from = flight.host;
  flight.recorder?.forward(from, next, hop.over, flight.packet());
  enter(flight, next);
  if (next.carry !== undefined) return next.carry(flight, from);
  flight.inInterface = hop.nextInterface;
  flight.recorder?.receive(next, hop.nextInterface, flight.packet());
  if (passPrerouting(flight) !== ACCEPT) return undefined;
  const martian = martianReason(flight);
  if (martian !== undefined) {
    drop(flight, martian);
    return undefined;
  }
  const destination = flight.destinationAddress;
  if (next.isLocal(destination) === false) return passOn(flight, destination);
  flight.recorder?.route(next, flight.packet(), undefined, hopText);
  return accept(flight);
}

/** A host that is not the destination passes the packet on, if it is a router. */
function passOn(flight: Flight, destination: Address): Hop | undefined {
  const { host } = flight;
  if (!host.forwards) {
    drop(flight, `${host.name} has no such address and does not forward`);
    return undefined;
  }
  const hop = findRoute(flight, destination);
  if (hop === undefined) return undefined;
  if (flight.ttl <= 1) {
    rejectExpired(flight);
    return undefined;
  }
  flight.ttl--;
  flight.changed();
  if (flight.rules === undefined && flight.table === undefined) return hop;
  return passForward(flight) === ACCEPT && passPostrouting(flight) === ACCEPT ? hop : undefined;
}

/** To a process of this host, or, where IPVS sends it to a real server elsewhere, out again. */
function accept(flight: Flight): Hop | undefined {
  if (runsAt(flight, INPUT_MANGLE) && isStopped(flight, INPUT_MANGLE)) return undefined;
  if (runsAt(flight, INPUT_FILTER) && isStopped(flight, INPUT_FILTER)) return undefined;
  const balanced = passIpvs(flight);
  if (balanced === undefined) return undefined;
  if (balanced === 'sent') return passToRealServer(flight);
  if (passNat(flight, INPUT_NAT, SOURCE_NAT) !== ACCEPT) return undefined;
  if (confirm(flight) === false) return loseRace(flight);
  end(flight, { verdict: 'delivered', host: flight.host.name, reason: 'the address is its own' });
  return undefined;
}

/** Undefined where IPVS should send the packet on and cannot: its sender is told. */
function passIpvs(flight: Flight): 'passed' | 'sent' | undefined {
  if (flight.host.ipvs === undefined) return 'passed';
  const balanced = balance(flight);
  if (balanced === 'passed' || balanced === 'sent') return balanced;
  if (balanced === 'expired') rejectExpired(flight);
  else rejectUnbalanced(flight);
  return undefined;
}

function rejectUnbalanced(flight: Flight): void {
  const reason = 'the virtual server has no real server';
  end(flight, { verdict: 'rejected', host: flight.host.name, with: 'icmp-port-unreachable', reason });
}

function rejectExpired(flight: Flight): void {
  const { name } = flight.host;
  end(flight, { verdict: 'rejected', host: name, with: 'icmp-time-exceeded', reason: 'the TTL ran out' });
}

/** IPVS sends a packet on as if the host had made it: ip_vs_nat_xmit goes through OUTPUT, not FORWARD. */
function passToRealServer(flight: Flight): Hop | undefined {
  const hop = findRoute(flight, flight.destinationAddress);
  if (hop === undefined) return undefined;
  if (runsAt(flight, OUTPUT_MANGLE) && isStopped(flight, OUTPUT_MANGLE)) return undefined;
  if (runsAt(flight, OUTPUT_FILTER) && isStopped(flight, OUTPUT_FILTER)) return undefined;
  return passPostrouting(flight) === ACCEPT ? hop : undefined;
}

/** What passes a packet through a hook gives ACCEPT where it may go on, and sets the verdict where not. */
function passPrerouting(flight: Flight): number {
  if (flight.rules === undefined) return trackOnly(flight);
  if (runsAt(flight, PREROUTING_RAW) && isStopped(flight, PREROUTING_RAW)) return DROP;
  track(flight);
  if (runsAt(flight, PREROUTING_MANGLE) && isStopped(flight, PREROUTING_MANGLE)) return DROP;
  return passNat(flight, PREROUTING_NAT, DESTINATION_NAT);
}

function passOutput(flight: Flight): number {
  if (flight.rules === undefined) return trackOnly(flight);
  if (runsAt(flight, OUTPUT_RAW) && isStopped(flight, OUTPUT_RAW)) return DROP;
  track(flight);
  if (runsAt(flight, OUTPUT_MANGLE) && isStopped(flight, OUTPUT_MANGLE)) return DROP;
  return passNat(flight, OUTPUT_NAT, DESTINATION_NAT);
}

function trackOnly(flight: Flight): number {
  if (flight.table !== undefined) track(flight);
  return ACCEPT;
}

function passForward(flight: Flight): number {
  if (runsAt(flight, FORWARD_MANGLE) && isStopped(flight, FORWARD_MANGLE)) return DROP;
  if (runsAt(flight, FORWARD_FILTER) && isStopped(flight, FORWARD_FILTER)) return DROP;
  return ACCEPT;
}

function passPostrouting(flight: Flight): number {
  if (runsAt(flight, POSTROUTING_MANGLE) && isStopped(flight, POSTROUTING_MANGLE)) return DROP;
  if (passNat(flight, POSTROUTING_NAT, SOURCE_NAT) !== ACCEPT) return DROP;
  if (confirm(flight) === true) return ACCEPT;
  loseRace(flight);
  return DROP;
}

function loseRace(flight: Flight): undefined {
  drop(flight, 'conntrack: insert failed, a packet of the same socket was confirmed first with another translation');
}

/** Whether there is anything to run. So short that the engine puts it in place: at most stops there is not. */
function runsAt({ stops }: Flight, stop: number): boolean {
  return ((stops >> stop) & 1) !== 0;
}

/** Whether the rules at a stop do not let the packet go on: the verdict is set then. */
function isStopped(flight: Flight, stop: number): boolean {
  const decision = flight.rules!.run(flight, stop);
  if (decision === REJECT) reject(flight);
  else if (decision !== ACCEPT) drop(flight, blame(flight));
  return decision !== ACCEPT;
}

/** nat: its chains for a connection's first packet, the connection's translation for each. */
function passNat(flight: Flight, stop: number, side: Side): number {
  return flight.connection === undefined ? ACCEPT : decideNat(flight, stop, side);
}

function decideNat(flight: Flight, stop: number, side: Side): number {
  const { rules } = flight;
  const connection = flight.connection!;
  if (rules === undefined || rules.translates === false) return ACCEPT;
  if (flight.state === STATE_RELATED) {
    translateError(flight, side);
    return ACCEPT;
  }
  const done = side === SOURCE_NAT ? SOURCE_NAT_DONE : DESTINATION_NAT_DONE;
  if (flight.state === STATE_NEW && (connection.status & done) === 0) {
    if (runsAt(flight, stop) && rules.run(flight, stop) === DROP) {
      drop(flight, blame(flight));
      return DROP;
    }
    if ((connection.status & done) === 0) bindAsIs(flight, connection, side);
  }
  if (side === SOURCE_NAT || !isForIpvs(flight)) translate(flight, side);
  return ACCEPT;
}

function blame(flight: Flight): string {
  const comment = flight.blamed?.matches.find((match) => match.match === 'comment');
  if (comment?.match === 'comment') return comment.text;
  return flight.blamed === undefined
    ? `the policy of ${flight.blamedChain || 'the chain'}`
    : `a rule of ${flight.blamedChain}`;
}

function reject(flight: Flight): void {
  const target = flight.blamed?.target;
  if (target?.target !== 'REJECT') throw new Error('a packet was rejected by no rule');
  end(flight, { verdict: 'rejected', host: flight.host.name, with: target.with, reason: blame(flight) });
}

function drop(flight: Flight, reason: string): void {
  end(flight, { verdict: 'dropped', host: flight.host.name, reason });
}

function end(flight: Flight, verdict: Verdict): void {
  flight.verdict = verdict;
}

/**
 * Why a packet cannot have come by a wire: it has a loopback address, and the host was not told to route them, or it bears the
 * host's own address as its source, which only IPv4 minds (ip_route_input_slow and fib_validate_source of Linux 6.x).
 */
function martianReason(flight: Flight): string | undefined {
  const { host, family } = flight;
  if (isLoopback(flight.source, family) || isLoopback(flight.destination, family))
    return host.routeLocalnet ? undefined : 'martian: a loopback address from outside';
  if (family === 4 && host.acceptsLocal !== true && host.isLocal(flight.sourceAddress))
    return 'martian: the host’s own address from outside';
  return undefined;
}

const IPV6_LOOPBACK = numberOfAddress('::1');

function isLoopback(address: number, family: number): boolean {
  return family === 4 ? address >>> 24 === 127 : address === IPV6_LOOPBACK;
}
