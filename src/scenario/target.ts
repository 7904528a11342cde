/** What a script sends to, as a client would dial it: `http://my-api/hello`, `tcp://10.96.0.50:80`. */

const DEFAULT_PORTS: { readonly [scheme: string]: number | undefined } = {
  http: 80,
  https: 443,
  tcp: undefined,
  udp: undefined,
  sctp: undefined,
};

export interface Target {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** The target that the text spells, or one sentence on why it spells none. */
export function parseTarget(text: string): Target | string {
  const parts = /^([a-z]+):\/\/(\[[0-9a-f:.]+\]|[^/:[\]\s]+)(?::(\d+))?(\/\S*)?$/i.exec(text);
  if (parts === null)
    return `${JSON.stringify(text)} is no address to dial, such as http://my-api/hello or tcp://10.96.0.50:80`;
  const [, scheme = '', host = '', portText, path = '/'] = parts;
  if (!Object.hasOwn(DEFAULT_PORTS, scheme))
    return `${JSON.stringify(scheme)} is not one of ${Object.keys(DEFAULT_PORTS).join(', ')}`;
  const port = portText === undefined ? DEFAULT_PORTS[scheme] : Number(portText);
  if (port === undefined) return `${JSON.stringify(text)} names no port, and ${scheme} has none of its own`;
  if (port < 1 || port > 65535) return `port ${port} is outside 1 to 65535`;
  return { scheme, host, port, path };
}
