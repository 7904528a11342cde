/**
 * IPVS as the kernel holds it: virtual servers, and behind each the real servers that it balances connections over.
 * Names and meanings: ipvsadm(8), include/uapi/linux/ip_vs.h of Linux 6.x.
 */
import { type Address, formatEndpoint, type ProtocolNumber, SCTP, TCP, UDP } from '../../model/index.ts';

/** The schedulers that kube-proxy's `ipvs.scheduler` can name. */
export type SchedulerName = 'rr' | 'wrr' | 'lc' | 'wlc' | 'dh' | 'sh' | 'sed' | 'nq' | 'mh' | 'lblc' | 'lblcr';

/** Flags of a virtual server, as bits (IP_VS_SVC_F_…). */
export const PERSISTENT = 0x1;
/** IP_VS_SVC_F_SCHED_MH_PORT: the scheduler hashes the source's port beside its address */
export const SCHEDULER_HASHES_PORT = 0x10;

export interface VirtualServerAddress {
  readonly address: Address;
  readonly port: number;
  readonly protocol: ProtocolNumber;
}

export interface RealServer {
  readonly address: Address;
  readonly port: number;
  /** 0: takes no new connections, keeps those it has */
  readonly weight: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
}

export interface VirtualServer extends VirtualServerAddress {
  readonly scheduler: SchedulerName;
  readonly flags: number;
  /** how long a client keeps its real server; 0 without PERSISTENT */
  readonly timeoutSeconds: number;
  /** by `ip:port`, the one added last first: the order in which the kernel's schedulers go through them */
  readonly realServers: ReadonlyMap<string, RealServer>;
}

/** By `virtualServerName`. */
export type VirtualServers = ReadonlyMap<string, VirtualServer>;

export function ipvsProtocolName(protocol: ProtocolNumber): 'TCP' | 'UDP' | 'SCTP' {
  switch (protocol) {
    case TCP:
      return 'TCP';
    case UDP:
      return 'UDP';
    case SCTP:
      return 'SCTP';
    default:
      throw new Error(`IPVS balances no protocol ${protocol}`);
  }
}

/** `10.96.0.1:443/TCP`, IPv6 in brackets: kube-proxy's name for a virtual server. */
export function virtualServerName({ address, port, protocol }: VirtualServerAddress): string {
  return `${formatEndpoint(address, port)}/${ipvsProtocolName(protocol)}`;
}
