"""Packets as bytes, and back. Each carries the number of its case where no translation reaches it, also when it is quoted."""
import socket
import struct

TCP, UDP, SCTP, ICMP = 6, 17, 132, 1
SYN, RST, ACK = 2, 4, 16
FIRST_SEQUENCE = 0x40000000
SEQUENCES_EACH = 16
MAGIC = b'orry'
ASKS, ANSWERS = b'?', b'!'
SCTP_INIT, SCTP_INIT_ACK = 1, 2
TTL = 64


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC32C = crc32c_table()


def crc32c(data):
    """SCTP's checksum (RFC 9260, appendix A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC32C[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def sequence_of(number):
    return FIRST_SEQUENCE + number * SEQUENCES_EACH


def number_of(sequence):
    """The number of the case that a TCP sequence or an SCTP tag belongs to; None for a stranger's."""
    number = (sequence - FIRST_SEQUENCE) // SEQUENCES_EACH
    return number if 0 <= number < 1 << 20 else None


def ip_packet(protocol, source, destination, ttl, body):
    # The kernel fills in length, identification and checksum of a header that is given (raw(7)).
    header = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(body), 0, 0x4000, ttl, protocol, 0)
    return header + socket.inet_aton(source) + socket.inet_aton(destination) + body


def with_checksum(protocol, source, destination, body, offset):
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack('!BBH', 0, protocol, len(body))
    value = checksum(pseudo + body) or 0xFFFF
    return body[:offset] + struct.pack('!H', value) + body[offset + 2:]


def made(number, protocol, source, source_port, destination, destination_port, flags=SYN, ttl=TTL, kind=ASKS):
    """A whole IPv4 packet of that case: a TCP segment, a UDP datagram, or SCTP's INIT or INIT-ACK."""
    ports = struct.pack('!HH', source_port, destination_port)
    tag = sequence_of(number)
    if protocol == TCP:
        acknowledged = tag if flags & ACK else 0
        body = ports + struct.pack('!IIBBHHH', tag, acknowledged, 0x50, flags, 64240, 0, 0)
        body = with_checksum(TCP, source, destination, body, 16)
    elif protocol == UDP:
        text = MAGIC + kind + struct.pack('!I', number)
        body = with_checksum(UDP, source, destination, ports + struct.pack('!HH', 8 + len(text), 0) + text, 6)
    else:
        body = sctp_packet(ports, tag, kind)
    return ip_packet(protocol, source, destination, ttl, body)


def sctp_packet(ports, tag, kind):
    verification = 0 if kind == ASKS else tag
    chunk_type = SCTP_INIT if kind == ASKS else SCTP_INIT_ACK
    # An INIT-ACK must bring a cookie (RFC 9260, 3.3.3).
    cookie = b'' if kind == ASKS else struct.pack('!HHI', 7, 8, tag)
    chunk = struct.pack('!BBHIIHHI', chunk_type, 0, 20 + len(cookie), tag, 65536, 1, 1, tag) + cookie
    head = ports + struct.pack('!I', verification)
    return head + struct.pack('<I', crc32c(head + b'\0\0\0\0' + chunk)) + chunk


def read(packet):
    """(case number, what it says) of a received IPv4 packet; None for a stranger's."""
    protocol, body = packet[9], packet[(packet[0] & 15) * 4:]
    if protocol == ICMP:
        return read_error(packet, body)
    found = identify(protocol, body)
    if found is None:
        return None
    number, what = found
    return number, {'what': what, 'ttl': packet[8], **tuple_of(packet, body)}


def tuple_of(packet, body):
    source_port, destination_port = struct.unpack_from('!HH', body)
    return {
        'protocol': packet[9],
        'source': socket.inet_ntoa(packet[12:16]),
        'sourcePort': source_port,
        'destination': socket.inet_ntoa(packet[16:20]),
        'destinationPort': destination_port,
    }


def identify(protocol, body):
    """(case number, kind of packet); a quoted packet may be cut short."""
    if protocol == TCP:
        sequence = struct.unpack_from('!I', body, 4)[0]
        if len(body) < 14:
            number, what = number_of(sequence), 'quoted'
        else:
            flags = body[13]
            acknowledged = struct.unpack_from('!I', body, 8)[0]
            number = number_of(acknowledged if flags & ACK else sequence)
            what = f'flags {flags & 31}'
    elif protocol == UDP:
        if len(body) < 17 or body[8:12] != MAGIC:
            return None
        number, what = struct.unpack_from('!I', body, 13)[0], 'asks' if body[12:13] == ASKS else 'answers'
    elif protocol == SCTP:
        if len(body) < 20:
            return None
        number = number_of(struct.unpack_from('!I', body, 16)[0])
        what = 'asks' if body[12] == SCTP_INIT else 'answers'
    else:
        return None
    return None if number is None else (number, what)


def read_error(packet, body):
    kind, code = body[0], body[1]
    if kind not in (3, 5, 11) or len(body) < 36:
        return None
    quoted = body[8:]
    rest = quoted[(quoted[0] & 15) * 4:]
    found = identify(quoted[9], rest)
    if found is None:
        return None
    addresses = {'source': socket.inet_ntoa(packet[12:16]), 'destination': socket.inet_ntoa(packet[16:20])}
    ports = {'sourcePort': 0, 'destinationPort': 0}
    error = {'what': f'icmp {kind} {code}', 'ttl': packet[8], 'protocol': ICMP, **addresses, **ports}
    return found[0], {**error, 'about': tuple_of(quoted, rest)}
