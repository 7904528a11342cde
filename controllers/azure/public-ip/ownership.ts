/**
 * Whether a public IP is a Service's, and whether the cluster may delete it.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (serviceOwnsPublicIP, shouldReleaseExistingOwnedPublicIP).
 */
import { azure, type Service } from '../../../src/model/index.ts';
import { publicIpNameOf, requestedIp } from '../annotations.ts';
import { serviceName } from '../names.ts';
import { sameIpTags } from './ip-tags.ts';
import { clusterTag, servicesIn, serviceTag } from './tags.ts';

export interface Ownership {
  readonly owns: boolean;
  /** made by somebody else: it has no Service in its tags, and is never deleted */
  readonly userAssigned: boolean;
}

export function ownershipOf(service: Service, publicIp: azure.PublicIpAddress, clusterName: string): Ownership {
  const { tags = {} } = publicIp;
  const services = serviceTag(tags);
  if (services === '') return { owns: selects(service, publicIp), userAssigned: true };
  if (!servicesIn(services).some((name) => azure.sameId(name, serviceName(service))))
    return { owns: selects(service, publicIp), userAssigned: false };
  const cluster = clusterTag(tags);
  return { owns: cluster === '' || azure.sameId(cluster, clusterName), userAssigned: false };
}

/** Whether the Service asks for this address, by number or by name. */
function selects(service: Service, { name, properties }: azure.PublicIpAddress): boolean {
  const { ipAddress = '', publicIPAddressVersion: version = 'IPv4' } = properties;
  if (ipAddress === '') return false;
  return azure.sameId(ipAddress, requestedIp(service, version)) || azure.sameId(name, publicIpNameOf(service, version));
}

export interface ReleaseQuestion {
  readonly publicIp: azure.PublicIpAddress;
  /** Services in its tags */
  readonly references: readonly string[];
  readonly wantLoadBalancer: boolean;
  readonly internal: boolean;
  readonly userAssigned: boolean;
  readonly desiredName: string;
  readonly ipTags: readonly azure.IpTag[] | undefined;
  readonly mutatesIpTags: boolean;
}

/** Whether a public IP that the Service owns is to be deleted: never while another Service uses it. */
export function mayRelease(question: ReleaseQuestion): boolean {
  const { publicIp, references, wantLoadBalancer, ipTags } = question;
  if (question.userAssigned || references.length > (wantLoadBalancer ? 1 : 0)) return false;
  const hasOtherTags = ipTags !== undefined && !sameIpTags(publicIp.properties.ipTags, ipTags);
  return (
    !wantLoadBalancer ||
    question.internal ||
    publicIp.name !== question.desiredName ||
    (!question.mutatesIpTags && hasOtherTags)
  );
}
