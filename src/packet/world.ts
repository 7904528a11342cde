/**
 * What a packet can meet: hosts, which are network namespaces, and what joins them. The engine sees nothing else of a cluster.
 */
import type { ConntrackTable, Route } from '../dataplane/index.ts';
import type { Address, Family } from '../model/index.ts';
import type { Flight } from './flight.ts';
import type { IpvsTable } from './ipvs/table.ts';
import type { HostRules } from './program/ruleset-program.ts';
import type { RecentLists } from './recent.ts';

export interface World {
  /** `node/node1`, `pod/default/my-app`, `external/203.0.113.7`; undefined where there is none of that name */
  host(name: string): Host | undefined;
  /** the host whose own address this is; a pod on its node's network has its node's */
  owner(address: Address): Host | undefined;
}

export interface Host {
  readonly name: string;
  /** net.ipv4.ip_forward: whether it passes on what is not for itself */
  readonly forwards: boolean;
  /** net.ipv4.conf.all.route_localnet: whether 127.0.0.0/8 may come in from outside, as kube-proxy sets it for node ports */
  readonly routeLocalnet: boolean;
  /** net.ipv4.conf.all.accept_local: whether what comes in from outside may bear its own address as source; false where not said */
  readonly acceptsLocal?: boolean;
  /** what `-m recent` remembers here */
  readonly recent: RecentLists;
  /** undefined where no rules were ever loaded */
  rules(family: Family): HostRules | undefined;
  /** undefined where connections are not tracked: a namespace without rules */
  conntrack(family: Family): ConntrackTable | undefined;
  /** its virtual servers; absent or undefined where IPVS is not used */
  ipvs?(family: Family): IpvsTable | undefined;
  /** whether an address is its own, loopback included: `addrtype --dst-type LOCAL` */
  isLocal(address: Address): boolean;
  /** where a packet to this address goes that is not local; undefined without a route: ENETUNREACH */
  hop(destination: Address): Hop | undefined;
  /** the address that an interface lends: MASQUERADE's, and an ICMP error's */
  addressOf(device: string, family: Family): Address | undefined;
  /** its IPv4 routes, for `ip route` */
  routes(): readonly Route[];
  /** what joins hosts and is none itself decides in its own way: sets the flight's verdict, or returns where it goes on */
  carry?(flight: Flight, from: Host): Hop | undefined;
}

/** A route, and who is at its other end for one destination. */
export interface Hop {
  /** the route's: at hand, so that a packet need not fetch the route */
  readonly device: string;
  readonly route: Route;
  /** what the packet crosses: `veth`, `VNet` */
  readonly over: string;
  /** undefined: nobody takes it, for the reason given */
  readonly next?: Host;
  readonly reason?: string;
  /** the interface on which the next host receives it */
  readonly nextInterface: string;
}
