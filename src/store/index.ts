/** store: keys, revisions, watches. Knows nothing of Kubernetes. */
export * from './store.ts';
