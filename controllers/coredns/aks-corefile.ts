/**
 * The Corefile that AKS ships in ConfigMap kube-system/coredns. `custom/*.override` and `custom/*.server` are the keys of
 * ConfigMap kube-system/coredns-custom.
 *
 * Source: https://learn.microsoft.com/azure/aks/coredns-custom; the text as reported in github.com/coredns/coredns/issues/7090,
 * the templates since the AKS release of 2024-10-25.
 */
export const AKS_COREFILE = String.raw`.:53 {
    errors
    ready
    health {
        lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
    import custom/*.override
    template ANY ANY internal.cloudapp.net {
        match "^(?:[^.]+\.){4,}internal\.cloudapp\.net\.$"
        rcode NXDOMAIN
        fallthrough
    }
    template ANY ANY reddog.microsoft.com {
        rcode NXDOMAIN
    }
}
import custom/*.server
`;
