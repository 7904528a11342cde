/** One reason why AKS refuses a managed cluster. */
export interface ManagedClusterError {
  /** ARM's error code */
  readonly code: string;
  /** what AKS says */
  readonly message: string;
  /** which setting: `networkProfile.dnsServiceIP` */
  readonly field: string;
  /** the same for somebody who reads the settings: what is wrong with the value, in a few words */
  readonly detail: string;
}

/** The refusal for which AKS has no code of its own. */
export function invalidParameter(field: string, detail: string): ManagedClusterError {
  return { code: 'InvalidParameter', message: `The value of parameter ${field} is invalid.`, field, detail };
}
