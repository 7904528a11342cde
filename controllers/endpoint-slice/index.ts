/**
 * endpoint-slice: which pods stand behind a Service, written as EndpointSlices of at most 100 endpoints.
 * It neither routes nor chooses; kube-proxy and CoreDNS read what it writes.
 */
export { endpointSliceController } from './controller.ts';
export { ENDPOINTS_PER_SLICE_MAX } from './packing.ts';
