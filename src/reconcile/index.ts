/** reconcile: what every controller shares: informers, queues, the contract, commit. Decides nothing of its own. */
export * from './cache.ts';
export * from './commit.ts';
export * from './controller.ts';
export * from './informer.ts';
export * from './program.ts';
export * from './queue.ts';
