/** arm: what a call to Azure Resource Manager means: check, begin, finish. Knows no Kubernetes and no time. */
export * from './arm.ts';
