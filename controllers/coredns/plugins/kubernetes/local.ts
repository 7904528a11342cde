/** The server's own addresses, by which the kubernetes plugin finds its Services. Source: CoreDNS plugin/kubernetes/local.go. */
import { contains, formatAddress, parseAddress, parseCidr } from '../../../../src/model/index.ts';

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map((text) => parseCidr(text)!);

/** Of the addresses it listens at, with or without a prefix length, those that others can reach. */
export function localAddressesOf(hosts: readonly string[]): readonly string[] {
  return hosts
    .map((host) => parseAddress(host.replace(/\/\d+$/, '')))
    .filter((address) => address !== undefined && !LOOPBACK.some((network) => contains(network, address)))
    .map((address) => formatAddress(address!));
}
