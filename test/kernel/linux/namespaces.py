"""Network namespaces that nobody else can see: they have no name, and the kernel takes them away with this process."""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import time

CLONE_NEWNET = 0x40000000
ATTEMPTS_MAX = 2000
SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 0x40
libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Namespace:
    """One network namespace; commands run and sockets open inside of it."""

    def __init__(self, name):
        self.name = name
        must(libc.unshare(CLONE_NEWNET))
        self.file = os.open('/proc/self/ns/net', os.O_RDONLY)
        self.path = f'/proc/{os.getpid()}/fd/{self.file}'

    def enter(self):
        must(libc.setns(self.file, CLONE_NEWNET))

    def run(self, command, text):
        """Runs a program inside; raises with what it said where it fails."""
        self.enter()
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f'{self.name}: {" ".join(command)}: {done.stderr.strip() or done.returncode}')
        return done.stdout

    def ip(self, lines):
        if lines:
            self.run(['ip', '-batch', '-'], ''.join(f'{line}\n' for line in lines))

    def await_links(self, devices):
        """A new link drops what it is given until the kernel has noticed its carrier, which it does in its own time."""
        probe = self.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for device in devices:
            for _ in range(ATTEMPTS_MAX):
                request = struct.pack('16sH14x', device.encode(), 0)
                flags = struct.unpack_from('=H', fcntl.ioctl(probe, SIOCGIFFLAGS, request), 16)[0]
                if flags & IFF_RUNNING:
                    break
                time.sleep(0.002)
            else:
                raise RuntimeError(f'{self.name}: {device} does not come up')
        probe.close()

    def sysctl(self, settings):
        self.enter()
        for key, value in settings.items():
            with open(f'/proc/sys/{key}', 'w') as file:
                file.write(f'{value}\n')

    def socket(self, *arguments):
        self.enter()
        return socket.socket(*arguments)

    def count(self, names):
        """Makes the objects that `-m nfacct` counts in (nfnetlink_acct): a rule that names one which is missing is refused."""
        if not names:
            return
        netlink = self.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        for name in names:
            netlink.send(accounting_message(name))
            answer = netlink.recv(4096)
            error = struct.unpack_from('=i', answer, 16)[0]
            if error != 0:
                raise OSError(-error, f'nfacct {name}: {os.strerror(-error)}')
        netlink.close()


def accounting_message(name):
    """NFNL_MSG_ACCT_NEW of NFNL_SUBSYS_ACCT with its one attribute, NFACCT_NAME."""
    value = name.encode() + b'\0'
    attribute = struct.pack('=HH', 4 + len(value), 1) + value + b'\0' * (-len(value) % 4)
    body = struct.pack('=BBH', 0, 0, 0) + attribute
    create_and_acknowledge = 0x1 | 0x4 | 0x400
    return struct.pack('=IHHII', 16 + len(body), 7 << 8, create_and_acknowledge, 1, 0) + body


def build(plan):
    """All namespaces of a plan, joined and with their rules loaded; by name."""
    spaces = {each['name']: Namespace(each['name']) for each in plan['namespaces']}
    for each in plan['namespaces']:
        space = spaces[each['name']]
        space.sysctl(each['sysctls'])
        space.ip(['link set lo up', *(link_line(link, spaces) for link in each['links'])])
    for each in plan['namespaces']:
        # A new device takes its settings from `default`; those named here are of devices.
        spaces[each['name']].ip(each['commands'])
    for each in plan['namespaces']:
        spaces[each['name']].await_links(link['device'] for link in each['links'])
        for link in each['links']:
            spaces[link['to']].await_links([link['far']])
    for each in plan['namespaces']:
        space = spaces[each['name']]
        space.count(each.get('counters', []))
        for load in each['loads']:
            space.run(load['command'], load['text'])
    return spaces


def link_line(link, spaces):
    """Both ends have one hardware address, and no ARP: whoever has the cable is who the packet is for."""
    far = spaces[link['to']].path
    ends = f'name {link["device"]} address {link["mac"]} type veth peer name {link["far"]} address {link["mac"]}'
    return f'link add {ends} netns {far}'
