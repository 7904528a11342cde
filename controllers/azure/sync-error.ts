/**
 * Why a Service cannot be synced, in the words that its Event shows. Thrown where it is found, and caught in one place: the
 * load balancer controller, which tells of it and tries again.
 */
export class SyncError extends Error {
  override readonly name = 'SyncError';
}
