/** What CoreDNS's kubernetes plugin knows of one Service: the objects it answers from, as its own informers have them. */
import type { EndpointSlice, Service } from '../model/index.ts';

export interface DnsRecords {
  readonly service: Service;
  /** the Service's slices, by name */
  readonly slices: readonly EndpointSlice[];
}
