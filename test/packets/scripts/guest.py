"""A guest seen from its network cable: frames go to QEMU's `-netdev dgram` socket and come back, none is lost or changed.

The host side is this file alone: no kernel, no TAP, no root. It answers ARP for its own address and nothing else.
"""

import os
import random
import select
import socket
import time

os.environ.setdefault("XDG_CACHE_HOME", "/tmp")
from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

HOST_MAC = "02:00:00:00:00:01"
HOST_IP = "10.99.0.1"
GUEST_IP = "10.99.0.2"


class Failure(Exception):
    """What the guest did wrong, in a sentence."""


def seq_add(number, count):
    return (number + count) & 0xFFFFFFFF


class Guest:
    def __init__(self, local, remote):
        self.remote = remote
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(local)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.mac = None
        self.seen = []

    def send_raw(self, frame):
        """Sends one Ethernet frame; waits when QEMU's socket is full."""
        data = bytes(frame)
        for _ in range(2000):
            try:
                self.socket.sendto(data, socket.MSG_DONTWAIT, self.remote)
                return
            except BlockingIOError:
                time.sleep(0.001)
        raise Failure("QEMU takes no frames")

    def send(self, packet):
        """Sends an IP packet to the guest's MAC address."""
        self.send_raw(Ether(src=HOST_MAC, dst=self.mac or "ff:ff:ff:ff:ff:ff") / packet)

    def receive(self, timeout):
        """The next frame, ARP requests for us answered on the way; None when the time (seconds) is over."""
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            frame = Ether(self.socket.recv(65536))
            if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst == HOST_IP:
                answer = ARP(op=2, hwsrc=HOST_MAC, psrc=HOST_IP, hwdst=frame[ARP].hwsrc, pdst=frame[ARP].psrc)
                self.send_raw(Ether(src=HOST_MAC, dst=frame.src) / answer)
                continue
            self.seen.append(frame.summary())
            return frame

    def expect(self, what, matches, timeout=3.0):
        """The first frame that matches; a Failure that says what was awaited otherwise."""
        self.seen = []
        deadline = time.monotonic() + timeout
        while True:
            frame = self.receive(deadline - time.monotonic())
            if frame is None:
                raise Failure(f"no {what} within {timeout} s; seen: {self.seen[-5:]}")
            if matches(frame):
                return frame

    def silence(self, what, matches, seconds=0.3):
        """Fails if a matching frame comes within the time."""
        deadline = time.monotonic() + seconds
        while True:
            frame = self.receive(deadline - time.monotonic())
            if frame is None:
                return
            if matches(frame):
                raise Failure(f"{what}: {frame.summary()}")

    def drain(self):
        while self.receive(0.01) is not None:
            continue

    def resolve(self, timeout=3.0):
        """Learns the guest's MAC address by ARP."""
        self.send_raw(Ether(src=HOST_MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=HOST_MAC, psrc=HOST_IP, pdst=GUEST_IP))
        answer = self.expect("ARP reply", lambda f: ARP in f and f[ARP].op == 2 and f[ARP].psrc == GUEST_IP, timeout)
        self.mac = answer[ARP].hwsrc
        return self.mac

    def ping(self, identifier=1, data=b"alive?"):
        """Is the guest still there? An echo there and back."""
        self.send(IP(src=HOST_IP, dst=GUEST_IP) / ICMP(type=8, id=identifier, seq=1) / Raw(data))
        return self.expect("echo reply", lambda f: ICMP in f and f[ICMP].type == 0 and f[ICMP].id == identifier)


class Connection:
    """The host's end of a TCP connection to the guest, sequence numbers in plain sight."""

    def __init__(self, guest, port=7000, source=None, window=65535, options=(("MSS", 1460),), isn=None):
        self.guest = guest
        self.port = port
        self.source = source or random.randint(20000, 60000)
        self.window = window
        self.options = list(options)
        self.seq = isn if isn is not None else random.getrandbits(32)
        self.ack = 0
        self.peer_isn = 0
        self.syn_ack = None

    def segment(self, flags, data=b"", seq=None, ack=None, **fields):
        """Builds a segment with the connection's numbers unless others are given."""
        fields.setdefault("window", self.window)
        tcp = TCP(
            sport=self.source,
            dport=self.port,
            flags=flags,
            seq=self.seq if seq is None else seq,
            ack=(self.ack if ack is None else ack) if "A" in flags else 0,
            **fields,
        )
        packet = IP(src=HOST_IP, dst=GUEST_IP) / tcp
        return packet / Raw(data) if data else packet

    def send(self, flags, data=b"", **fields):
        self.guest.send(self.segment(flags, data, **fields))

    def ours(self, frame):
        return TCP in frame and frame[TCP].dport == self.source and frame[TCP].sport == self.port

    def expect(self, what, flags=None, matches=lambda tcp: True, timeout=3.0):
        """The next segment of this connection with exactly these flags (PSH aside)."""

        def right(frame):
            if not self.ours(frame):
                return False
            have = set(str(frame[TCP].flags)) - {"P"}
            return (flags is None or have == set(flags)) and matches(frame[TCP])

        return self.guest.expect(what, right, timeout)[TCP]

    def silence(self, what, matches=lambda tcp: True, seconds=0.3):
        self.guest.silence(what, lambda f: self.ours(f) and matches(f[TCP]), seconds)

    def syn(self):
        self.send("S", options=self.options)

    def open(self):
        """Three-way handshake; the guest's SYN-ACK stays in `syn_ack`."""
        self.syn()
        self.syn_ack = self.expect("SYN-ACK", "SA", lambda tcp: tcp.ack == seq_add(self.seq, 1))
        self.peer_isn = self.syn_ack.seq
        self.seq = seq_add(self.seq, 1)
        self.ack = seq_add(self.syn_ack.seq, 1)
        self.send("A")
        return self

    def write(self, data):
        """Sends data that the guest must acknowledge."""
        self.send("PA", data)
        self.seq = seq_add(self.seq, len(data))
        self.expect("acknowledgement", None, lambda tcp: "A" in str(tcp.flags) and tcp.ack == self.seq)

    def read(self, count, timeout=3.0):
        """Reads count bytes in order, acknowledging each segment."""
        got = b""
        while len(got) < count:
            tcp = self.expect("data", None, lambda t: len(t.payload) > 0 and t.seq == self.ack, timeout)
            data = bytes(tcp.payload)
            got += data
            self.ack = seq_add(self.ack, len(data))
            self.send("A")
        return got

    def echo(self, text=b"hello"):
        """A whole exchange with the guest's stream server: is this connection alive and right?"""
        line = b"echo " + text + b"\n"
        self.send("PA", line)
        self.seq = seq_add(self.seq, len(line))
        answer = self.read(len(line))
        if answer != line:
            raise Failure(f"sent {line!r}, got {answer!r}")

    def reset(self):
        self.send("R")
