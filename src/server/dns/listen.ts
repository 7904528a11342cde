/** A name server on a real socket, over UDP and TCP at the same address. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { type AskDns, respond } from './respond.ts';

export interface DnsListener {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The address cannot be listened on, in a few words. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** How long a connection may say nothing (CoreDNS's server, 10 s). */
const IDLE_MS = 10_000;
const TCP_CONNECTIONS_MAX = 1024;
/** A message over TCP follows its length, two bytes (RFC 1035, 4.2.2). */
const LENGTH_BYTES = 2;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EACCES: 'ports below 1024 are for root',
  EADDRNOTAVAIL: 'no interface of this machine has that address',
};

function listenError({ code = '' }: NodeJS.ErrnoException): ListenError {
  return new ListenError(REASONS[code] ?? `cannot be listened on (${code})`);
}

/** Resolves once it listens, rejects with a ListenError where it cannot. */
function listening(emitter: Server | UdpSocket, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error));
    emitter.once('error', failed);
    emitter.once('listening', () => {
      emitter.off('error', failed);
      resolve();
    });
    start();
  });
}

/** Listens over both transports at one port; 0 is any that is free. */
export async function listenForDns(address: string, port: number, ask: AskDns): Promise<DnsListener> {
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serveConnection(socket, ask);
  });
  tcp.maxConnections = TCP_CONNECTIONS_MAX;
  await listening(tcp, () => tcp.listen(port, address));
  const bound = (tcp.address() as AddressInfo).port;
  const udp = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    await Promise.all([new Promise((done) => tcp.close(done)), new Promise<void>((done) => udp.close(done))]);
  };
  try {
    await listening(udp, () => udp.bind(bound, address));
  } catch (error) {
    tcp.close();
    throw error;
  }
  // What cannot be sent is lost, as datagrams are.
  udp.on('error', () => {});
  udp.on('message', (bytes, from) => {
    for (const reply of respond(bytes, 'udp', from.port, ask)) udp.send(reply, from.port, from.address);
  });
  return { address, port: bound, close };
}

/** Answers every message on a connection, in order, until it is closed or has been idle for too long. */
function serveConnection(socket: Socket, ask: AskDns): void {
  let received: Buffer = Buffer.alloc(0);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (let message = firstOf(received); message !== undefined; message = firstOf(received)) {
      received = received.subarray(LENGTH_BYTES + message.length);
      for (const reply of respond(message, 'tcp', socket.remotePort ?? 0, ask)) socket.write(framed(reply));
    }
  });
}

/** The first whole message of what was received. */
function firstOf(received: Buffer): Buffer | undefined {
  if (received.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + received.readUInt16BE(0);
  return received.length < end ? undefined : received.subarray(LENGTH_BYTES, end);
}

function framed(message: Buffer): Buffer {
  const framedBytes = Buffer.alloc(LENGTH_BYTES + message.length);
  framedBytes.writeUInt16BE(message.length, 0);
  message.copy(framedBytes, LENGTH_BYTES);
  return framedBytes;
}
