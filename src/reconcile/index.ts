/** reconcile: what every controller shares. Decides nothing of its own. */
export * from './controller.ts';
