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

/** More addresses are reserved than there are. */
export function insufficient(
  field: string,
  needed: number,
  available: number,
  cidr: string,
  subnet: string,
  detail: string,
): ManagedClusterError {
  const message = `Pre-allocated IPs ${needed} exceeds IPs available ${available} in Subnet Cidr ${cidr}, Subnet Name ${subnet}.`;
  return { code: 'InsufficientSubnetSize', message, field, detail };
}
