"""Bounded work and memory for hostile packets; other flows stay alive."""

import random

from guest import GUEST_IP, HOST_IP, ICMP, IP, TCP, UDP, Connection, Failure, Raw, seq_add
from scapy.layers.inet import fragment


def fragments_are_put_together(guest):
    """An echo request in shuffled fragments comes back whole."""
    data = bytes(index % 251 for index in range(4000))
    pieces = fragment(IP(src=HOST_IP, dst=GUEST_IP, id=4242) / ICMP(type=8, id=99, seq=1) / Raw(data), fragsize=800)
    random.Random(1).shuffle(pieces)
    for piece in pieces:
        guest.send(piece)
    answers = {}
    total = None
    while total is None or sum(len(part) for part in answers.values()) < total:
        frame = guest.expect("echo reply in fragments", lambda f: IP in f and f[IP].proto == 1 and f[IP].src == GUEST_IP)
        ip = frame[IP]
        part = bytes(ip.payload)[: ip.len - ip.ihl * 4]
        answers[ip.frag * 8] = part
        if not ip.flags.MF:
            total = ip.frag * 8 + len(part)
    whole = b"".join(answers[key] for key in sorted(answers))
    if whole[8:] != data:
        raise Failure(f"{len(whole) - 8} bytes came back, not the same")


def overlapping_fragments_do_not_hurt(guest):
    """Overlapping and teardrop fragments: dropped or joined, never a crash."""
    for index in range(50):
        first = IP(src=HOST_IP, dst=GUEST_IP, id=9000 + index, flags="MF", frag=0, proto=17) / Raw(b"a" * 64)
        second = IP(src=HOST_IP, dst=GUEST_IP, id=9000 + index, frag=random.choice([1, 3, 7]), proto=17) / Raw(b"b" * 16)
        guest.send(first)
        guest.send(second)
    far = IP(src=HOST_IP, dst=GUEST_IP, id=9999, frag=8189, proto=17) / Raw(b"z" * 1400)
    guest.send(far)
    guest.drain()
    guest.ping()


def ping_of_every_size(guest):
    """Echo of 0 to 1,472 bytes comes back the same."""
    for size in (0, 1, 2, 3, 7, 64, 511, 1000, 1471, 1472):
        data = bytes(index % 256 for index in range(size))
        answer = guest.ping(identifier=1000 + size, data=data)
        if bytes(answer[ICMP].payload)[:size] != data:
            raise Failure(f"size {size} came back changed")


def ping_with_a_bad_checksum_is_silent(guest):
    guest.send(IP(src=HOST_IP, dst=GUEST_IP) / ICMP(type=8, id=77, chksum=0x1111) / Raw(b"x"))
    guest.silence("an answer to a damaged ping", lambda f: ICMP in f and f[ICMP].id == 77)


def datagram_to_a_closed_port(guest):
    """UDP without a receiver: ICMP port unreachable with our header in it (RFC 1122 section 4.1.3.1)."""
    guest.send(IP(src=HOST_IP, dst=GUEST_IP) / UDP(sport=5555, dport=5999) / Raw(b"anybody?"))
    frame = guest.expect("port unreachable", lambda f: ICMP in f and f[ICMP].type == 3)
    if frame[ICMP].code != 3:
        raise Failure(f"code {frame[ICMP].code}")


def datagram_with_a_bad_checksum_is_silent(guest):
    guest.send(IP(src=HOST_IP, dst=GUEST_IP) / UDP(sport=5556, dport=5998, chksum=0x2222) / Raw(b"damaged"))
    guest.silence("an answer to a damaged datagram", lambda f: ICMP in f and f[ICMP].type == 3)


def packets_for_others_are_ignored(guest):
    """Another destination, a source of 127.0.0.1, a TTL of 0 and an unknown protocol do no harm."""
    guest.send(IP(src=HOST_IP, dst="10.99.0.77") / ICMP(type=8, id=55))
    guest.silence("an answer for another address", lambda f: ICMP in f and f[ICMP].id == 55)
    guest.send(IP(src="127.0.0.1", dst=GUEST_IP) / ICMP(type=8, id=56))
    guest.send(IP(src=HOST_IP, dst=GUEST_IP, proto=253) / Raw(b"experimental"))
    guest.send(IP(src=HOST_IP, dst=GUEST_IP, version=7) / ICMP(type=8, id=57))
    guest.send(IP(src=HOST_IP, dst=GUEST_IP, ihl=4) / ICMP(type=8, id=58))
    guest.silence("an answer to nonsense", lambda f: ICMP in f and f[ICMP].id in (57, 58))
    guest.ping()


def short_frames_are_survived(guest):
    """Frames cut at every length up to 80 bytes."""
    c = Connection(guest).open()
    whole = bytes(c.segment("PA", b"echo cut off at every place there is\n"))
    for length in range(len(whole)):
        guest.send_raw(bytes.fromhex(guest.mac.replace(":", "") + "020000000001" + "0800") + whole[:length])
    for length in range(14):
        guest.send_raw(b"\xff" * length if length else b"\x00")
    guest.drain()
    guest.ping()
    c.reset()


def arp_is_not_poisoned_by_noise(guest):
    """ARP with wrong kinds, lengths and zero addresses changes nothing; a real request is answered."""
    from guest import ARP, HOST_MAC, Ether

    for fields in ({"hwtype": 7}, {"ptype": 0x1234}, {"hwlen": 0}, {"plen": 0}, {"op": 9}):
        request = dict(op=1, hwsrc=HOST_MAC, psrc=HOST_IP, pdst=GUEST_IP)
        request.update(fields)
        guest.send_raw(Ether(src=HOST_MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(**request))
    guest.drain()
    guest.resolve()
    guest.ping()


def out_of_order_flood(guest):
    """Three thousand one-byte islands in one connection: the guest lives, others are served, and so is this one."""
    c = Connection(guest, options=[("MSS", 1460), ("SAckOK", b""), ("WScale", 7)]).open()
    for index in range(3000):
        c.send("A", b"x", seq=seq_add(c.seq, 10 + index * 2))
        if index % 100 == 0:
            guest.drain()
    guest.drain()
    other = Connection(guest).open()
    other.echo(b"others are served")
    other.reset()
    guest.drain()
    c.reset()
    guest.ping()


def fragment_flood(guest):
    """Four thousand first fragments that never get their rest; then whole datagrams and fragments of a good one."""
    for index in range(4000):
        guest.send(IP(src=f"10.99.0.{3 + index % 250}", dst=GUEST_IP, id=index, flags="MF", proto=17) / Raw(b"f" * 64))
        if index % 200 == 0:
            guest.drain()
    guest.drain()
    guest.ping()
    c = Connection(guest).open()
    c.echo(b"lives")
    c.reset()


def unreachable_storm_is_limited(guest):
    """Five thousand datagrams to closed ports get a bounded number of ICMP errors (RFC 1812 section 4.3.2.8)."""
    count = 0
    for index in range(5000):
        guest.send(IP(src=HOST_IP, dst=GUEST_IP) / UDP(sport=6000, dport=10000 + index) / Raw(b"x"))
        if index % 50 == 0:
            while guest.receive(0.001) is not None:
                count += 1
    guest.ping()
    if count > 4000:
        raise Failure(f"{count} errors for 5,000 datagrams")


def random_bytes_are_survived(guest):
    """Ten thousand frames of seeded noise behind good Ethernet, IP and TCP headers."""
    noise = random.Random(7)
    prefix = bytes.fromhex(guest.mac.replace(":", "") + "020000000001")
    for index in range(10000):
        body = bytearray(bytes(IP(src=HOST_IP, dst=GUEST_IP, proto=noise.choice([1, 2, 6, 17])) / Raw(noise.randbytes(noise.randint(0, 120)))))
        for _ in range(noise.randint(0, 3)):
            body[noise.randrange(len(body))] = noise.randrange(256)
        guest.send_raw(prefix + noise.choice([b"\x08\x00", b"\x08\x06", b"\x86\xdd", b"\x81\x00"]) + bytes(body))
        if index % 200 == 0:
            guest.drain()
    guest.drain()
    guest.resolve()
    guest.ping()


# The last one: behind it the guest answers with SYN cookies for a while, and these carry no options.
def syn_flood_leaves_others_alive(guest):
    """Two thousand SYNs that are never completed: an older connection goes on, and a new one gets in."""
    old = Connection(guest, source=19999).open()
    for index in range(2000):
        source = f"10.99.0.{10 + index % 200}"
        guest.send(IP(src=source, dst=GUEST_IP) / TCP(sport=1024 + index, dport=7000, flags="S", seq=index, options=[("MSS", 1460)]))
        if index % 50 == 0:
            guest.drain()
    guest.drain()
    old.echo(b"still here")
    old.reset()
    guest.drain()
    fresh = Connection(guest, source=19998)
    for _ in range(5):
        try:
            fresh.open()
            break
        except Failure:
            continue
    fresh.echo(b"got in")
    fresh.reset()
