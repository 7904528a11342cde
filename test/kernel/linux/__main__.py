"""
Plays packets through Linux. Reads a plan as JSON from standard input: namespaces with their links, routes, rules and
listeners, and packets to send. Builds them, sends, and writes as JSON which namespace was given which packets.

Never sends to what lies outside of its own namespaces: every socket lives in one of them, and none of them has a way out.
"""
import json
import os
import select
import socket
import struct
import sys

import namespaces
import packets

RECEIVE_BYTES = 8 << 20
ECHO_SECONDS_MAX = 10
SO_RCVBUFFORCE, SO_MARK = 33, 36
PROTOCOLS = (packets.TCP, packets.UDP, packets.SCTP, packets.ICMP)


class Stage:
    """Namespaces with ears: a raw socket for each protocol is given a copy of whatever reaches a process (raw(7))."""

    def __init__(self, plan):
        self.steps = plan['steps']
        self.spaces = namespaces.build(plan)
        self.poll = select.epoll()
        self.ears = {}
        self.listeners = []
        self.senders = {}
        self.heard = []
        self.echo = next(iter(self.spaces.values())).socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.echo.bind(('127.0.0.1', 0))
        self.echo.settimeout(ECHO_SECONDS_MAX)
        for each in plan['namespaces']:
            self.listen(each)

    def listen(self, each):
        space = self.spaces[each['name']]
        for port in each['tcp']:
            listener = space.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.bind(('0.0.0.0', port))
            listener.listen(4096)
            self.listeners.append(listener)
        for port in each['udp']:
            listener = space.socket(socket.AF_INET, socket.SOCK_DGRAM)
            listener.bind(('0.0.0.0', port))
            self.listeners.append(listener)
        for protocol in PROTOCOLS if each['hears'] else ():
            ear = space.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
            ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
            ear.setblocking(False)
            self.ears[ear.fileno()] = (each['name'], ear)
            self.poll.register(ear.fileno(), select.EPOLLIN)

    def sender(self, name, mark):
        """A raw socket whose packets bring their own headers; what it sends goes through OUTPUT like any other."""
        known = self.senders.get((name, mark))
        if known is None:
            known = self.spaces[name].socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            if mark:
                known.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
            self.senders[(name, mark)] = known
        return known

    def send(self, name, mark, destination, data):
        """None, or the name of the error that the system call gave."""
        try:
            self.sender(name, mark).sendto(data, (destination, 0))
            return None
        except OSError as error:
            return errno_name(error)

    def settle(self):
        """
        Waits until what was sent has ended, with what kernels answered to it. All packets of this process queue up on its one
        processor, first in, first out; when a packet to itself comes back, all that queued before it have gone on by a host.
        """
        for step in range(self.steps):
            self.echo.sendto(struct.pack('!I', step), self.echo.getsockname())
            while self.echo.recv(4) != struct.pack('!I', step):
                pass

    def drain(self):
        """Returns what has arrived since the last time, in each namespace in its order."""
        first = len(self.heard)
        self.settle()
        while ready := self.poll.poll(0):
            for descriptor, _ in ready:
                self.hear(*self.ears[descriptor])
        return self.heard[first:]

    def hear(self, name, ear):
        while True:
            try:
                data = ear.recv(4096)
            except BlockingIOError:
                return
            found = packets.read(data)
            if found is not None:
                number, said = found
                self.heard.append({'packet': number, 'namespace': name, **said})


def errno_name(error):
    import errno
    return errno.errorcode.get(error.errno, str(error.errno))


def play(stage, batch):
    """Sends a batch, then the answers of those processes that answer; returns the errors that senders were given."""
    errors = []
    open_sockets = [client for each in batch if (client := client_of(stage, each)) is not None]
    for each in batch:
        data = packets.made(
            each['number'], each['protocol'], each['source'], each['sourcePort'], each['destination'],
            each['destinationPort'], each['flags'], each['ttl'],
        )
        error = stage.send(each['from'], each['mark'], each['destination'], data)
        if error is not None:
            errors.append({'packet': each['number'], 'error': error})
    answered = {each['number']: each for each in batch if each['answered']}
    for seen in stage.drain():
        if seen['what'] == 'asks' and seen['packet'] in answered and listens(stage, seen):
            answer(stage, seen)
    stage.drain()
    for client in open_sockets:
        client.close()
    return errors


def client_of(stage, each):
    """A UDP client keeps its socket open for the answer."""
    if each['protocol'] != packets.UDP:
        return None
    client = stage.spaces[each['client']].socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.bind(('0.0.0.0', each['sourcePort']))
    return client


def listens(stage, seen):
    return seen['destinationPort'] in stage.answering[seen['namespace']][str(seen['protocol'])]


def answer(stage, seen):
    data = packets.made(
        seen['packet'], seen['protocol'], seen['destination'], seen['destinationPort'], seen['source'],
        seen['sourcePort'], kind=packets.ANSWERS,
    )
    stage.send(seen['namespace'], 0, seen['source'], data)


def main():
    # One processor: what is sent first arrives first.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    plan = json.load(sys.stdin)
    stage = Stage(plan)
    stage.answering = {
        each['name']: {str(packets.UDP): set(each['udp']), str(packets.SCTP): set(each['sctp'])}
        for each in plan['namespaces']
    }
    errors = []
    for first in range(0, len(plan['packets']), plan['batch']):
        errors += play(stage, plan['packets'][first:first + plan['batch']])
    json.dump({'heard': stage.heard, 'errors': errors}, sys.stdout)


main()
