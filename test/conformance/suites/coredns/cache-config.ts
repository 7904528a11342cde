/** What a cache block sets, as the recordings name it. */
import { type Directive, type PluginSetup, readCacheOptions } from '../../../../controllers/coredns/index.ts';

export function cacheSettings(directives: readonly Directive[], setup: PluginSetup): Record<string, unknown> {
  const options = readCacheOptions(directives, setup);
  const { success, denial, prefetch } = options;
  return {
    success_capacity: success.capacity,
    success_ttl: success.ttlMax,
    success_min_ttl: success.ttlMin,
    disable_success: success.except,
    denial_capacity: denial.capacity,
    denial_ttl: denial.ttlMax,
    denial_min_ttl: denial.ttlMin,
    disable_denial: denial.except,
    servfail_ttl: options.servfailTtl,
    keepttl: options.keepTtl,
    prefetch: prefetch.hits,
    prefetch_duration_s: prefetch.durationMs / 1000,
    prefetch_percentage: prefetch.percentage,
    stale_up_to_s: options.staleUpToSeconds,
    verify: options.verifiesStale,
    verify_timeout_s: options.verifyTimeoutMs / 1000,
    stale_ttl: options.staleTtl,
    failure_recheck_s: options.staleRecheckMs / 1000,
    prefer_positive: options.preferPositive,
  };
}
