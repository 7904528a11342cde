/**
 * What is noted of a connection, as bits, and the directions of its packets. Apart from what uses them: constants of a file that
 * imports nothing are put in place by the bundler.
 */

/** Status bits (include/uapi/linux/netfilter/nf_conntrack_common.h, by meaning). */
export const SEEN_REPLY = 1;
export const ASSURED = 2;
export const SOURCE_NAT = 4;
export const DESTINATION_NAT = 8;
/** NAT of this side has been decided, be it to leave things as they are */
export const SOURCE_NAT_DONE = 16;
export const DESTINATION_NAT_DONE = 32;
/** which direction sent the first FIN */
export const CLOSED_BY_ORIGINAL = 64;
export const CLOSED_BY_REPLY = 128;
/** the last packet was a RST of the original direction */
export const RESET_BY_ORIGINAL = 256;
/** the entry goes away when this is committed */
export const DYING = 512;
/** IPVS has chosen where the connection goes, and translates it in place of the nat table (IP_VS_CONN_F_NFCT) */
export const BALANCED = 1024;

export const ORIGINAL = 0;
export const REPLY = 1;
export type Direction = typeof ORIGINAL | typeof REPLY;
