/** What the cache counts. Source: CoreDNS plugin/cache/metrics.go. */
import type { MetricFamily, MetricSample } from '../../metrics.ts';
import type { CacheOptions } from './options.ts';
import type { CacheMemory, Half } from './store.ts';

const HALVES: readonly Half[] = ['success', 'denial'];

/** A label set is there from the first time that it is counted. */
export function cacheMetrics(memory: CacheMemory, { zones }: CacheOptions, server: string): readonly MetricFamily[] {
  const { counts } = memory;
  const labels = { server, view: '', zones: zones.join(',') };
  const one = (value: number): readonly MetricSample[] => (value === 0 ? [] : [{ labels, value }]);
  const both = (values: Readonly<Record<Half, number>>): readonly MetricSample[] =>
    HALVES.filter((half) => values[half] > 0).map((type) => ({ labels: { ...labels, type }, value: values[type] }));
  const entries = { success: memory.success.size, denial: memory.denial.size };
  const evictions = { success: memory.success.evictions, denial: memory.denial.evictions };
  const isUsed = entries.success + entries.denial > 0;
  return [
    {
      name: 'coredns_cache_entries',
      help: 'The number of elements in the cache.',
      type: 'gauge',
      samples: isUsed ? HALVES.map((type) => ({ labels: { ...labels, type }, value: entries[type] })) : [],
    },
    {
      name: 'coredns_cache_requests_total',
      help: 'The count of cache requests.',
      type: 'counter',
      samples: one(counts.requests),
    },
    {
      name: 'coredns_cache_hits_total',
      help: 'The count of cache hits.',
      type: 'counter',
      samples: both(counts.hits),
    },
    {
      name: 'coredns_cache_misses_total',
      help: 'The count of cache misses. Deprecated, derive misses from cache hits/requests counters.',
      type: 'counter',
      samples: one(counts.misses),
    },
    {
      name: 'coredns_cache_prefetch_total',
      help: 'The number of times the cache has prefetched a cached item.',
      type: 'counter',
      samples: one(counts.prefetches),
    },
    {
      name: 'coredns_cache_drops_total',
      help: 'The number responses that are not cached, because the reply is malformed.',
      type: 'counter',
      samples: one(counts.drops),
    },
    {
      name: 'coredns_cache_served_stale_total',
      help: 'The number of requests served from stale cache entries.',
      type: 'counter',
      samples: one(counts.servedStale),
    },
    {
      name: 'coredns_cache_evictions_total',
      help: 'The count of cache evictions.',
      type: 'counter',
      samples: both(evictions),
    },
  ];
}
