/**
 * scheduler: which node a pod runs on. Binds pods, and says why one cannot be bound; starts nothing.
 */

export * from './scheduler.ts';
