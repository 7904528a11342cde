/** The addresses of lo, which every host has. */
import type { Address } from '../model/index.ts';

export function isLoopback(address: Address): boolean {
  return typeof address === 'number' ? address >>> 24 === 127 : address === '::1';
}
