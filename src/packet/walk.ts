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
  type Connection,
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
  FILTER,
  FORWARD,
  INPUT,
  MANGLE,
  NAT,
  OUTPUT,
  POSTROUTING,
  PREROUTING,
  RAW,
  REJECT,
  stopBit,
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
    if (!passOutput(flight) || !passIpvs(flight)) return undefined;
    if (flight.destination !== destination) hop = routeOut(flight);
    if (flight.verdict !== undefined || !passFilterOutput(flight) || !passPostrouting(flight)) return undefined;
  }
  if (hop !== undefined) return hop;
  // Its own address: out of lo, and in again.
  flight.inInterface = 'lo';
  flight.outInterface = '';
  flight.recorder?.receive(host, 'lo', flight.packet());
  return passPrerouting(flight) ? accept(flight) : undefined;
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
  if (!passPrerouting(flight)) return undefined;
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
  return passForward(flight) && passPostrouting(flight) ? hop : undefined;
}

/** To a process of this host, or, where IPVS sends it to a real server elsewhere, out again. */
function accept(flight: Flight): Hop | undefined {
  const { destination } = flight;
  if (!pass(flight, INPUT, MANGLE) || !pass(flight, INPUT, FILTER) || !passIpvs(flight)) return undefined;
  if (flight.destination !== destination && !flight.host.isLocal(flight.destinationAddress))
    return passToRealServer(flight);
  if (!passNat(flight, INPUT, SOURCE_NAT)) return undefined;
  if (!confirm(flight)) return loseRace(flight);
  end(flight, { verdict: 'delivered', host: flight.host.name, reason: 'the address is its own' });
  return undefined;
}

/** False where IPVS should send the packet on and cannot: its sender is told. */
function passIpvs(flight: Flight): boolean {
  if (flight.host.ipvs === undefined) return true;
  const balanced = balance(flight);
  if (balanced === 'passed' || balanced === 'sent') return true;
  if (balanced === 'expired') rejectExpired(flight);
  else rejectUnbalanced(flight);
  return false;
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
  return pass(flight, OUTPUT, MANGLE) && passFilterOutput(flight) && passPostrouting(flight) ? hop : undefined;
}

function passPrerouting(flight: Flight): boolean {
  if (flight.rules === undefined) {
    if (flight.table !== undefined) track(flight);
    return true;
  }
  if (!pass(flight, PREROUTING, RAW)) return false;
  track(flight);
  return pass(flight, PREROUTING, MANGLE) && passNat(flight, PREROUTING, DESTINATION_NAT);
}

function passOutput(flight: Flight): boolean {
  if (flight.rules === undefined) {
    if (flight.table !== undefined) track(flight);
    return true;
  }
  if (!pass(flight, OUTPUT, RAW)) return false;
  track(flight);
  return pass(flight, OUTPUT, MANGLE) && passNat(flight, OUTPUT, DESTINATION_NAT);
}

function passFilterOutput(flight: Flight): boolean {
  return pass(flight, OUTPUT, FILTER);
}

function passForward(flight: Flight): boolean {
  return pass(flight, FORWARD, MANGLE) && pass(flight, FORWARD, FILTER);
}

function passPostrouting(flight: Flight): boolean {
  const passed = pass(flight, POSTROUTING, MANGLE) && passNat(flight, POSTROUTING, SOURCE_NAT);
  if (!passed || confirm(flight)) return passed;
  loseRace(flight);
  return false;
}

function loseRace(flight: Flight): undefined {
  drop(flight, 'conntrack: insert failed, a packet of the same socket was confirmed first with another translation');
}

/** Whether a table lets the packet go on; sets the verdict where not. */
function pass(flight: Flight, hook: number, table: number): boolean {
  return (flight.stops & stopBit(hook, table)) === 0 || decide(flight, hook, table) === ACCEPT;
}

function decide(flight: Flight, hook: number, table: number): number {
  const decision = flight.rules!.run(flight, hook, table);
  if (decision === REJECT) reject(flight);
  else if (decision !== ACCEPT) drop(flight, blame(flight));
  return decision;
}

/** nat: its chains for a connection's first packet, the connection's translation for each. */
function passNat(flight: Flight, hook: number, side: Side): boolean {
  return flight.connection === undefined || decideNat(flight, flight.connection, hook, side) === ACCEPT;
}

function decideNat(flight: Flight, connection: Connection, hook: number, side: Side): number {
  const { rules } = flight;
  if (rules === undefined || rules.translates === false) return ACCEPT;
  if (flight.state === STATE_RELATED) {
    translateError(flight, side);
    return ACCEPT;
  }
  const done = side === SOURCE_NAT ? SOURCE_NAT_DONE : DESTINATION_NAT_DONE;
  if (flight.state === STATE_NEW && (connection.status & done) === 0) {
    if ((flight.stops & stopBit(hook, NAT)) !== 0 && rules.run(flight, hook, NAT) === DROP) {
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
