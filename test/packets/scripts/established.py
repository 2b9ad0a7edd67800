"""Segments that an established connection must take, refuse or answer: RFC 9293 section 3.10.7.4, RFC 5961."""

import time

from guest import GUEST_IP, HOST_IP, HOST_MAC, IP, Connection, Ether, Failure, Raw, seq_add


def out_of_order_is_put_together(guest):
    """Three pieces, last first: acknowledged as a whole once the first is there."""
    c = Connection(guest).open()
    line = b"echo abcdefghijkl\n"
    pieces = [line[:6], line[6:12], line[12:]]
    c.send("PA", pieces[2], seq=seq_add(c.seq, 12))
    c.expect("duplicate ACK", "A", lambda t: t.ack == c.seq)
    c.send("PA", pieces[1], seq=seq_add(c.seq, 6))
    c.send("PA", pieces[0])
    c.seq = seq_add(c.seq, len(line))
    if c.read(len(line)) != line:
        raise Failure("a wrong echo")
    c.reset()


def overlapping_segments_are_taken_once(guest):
    """Pieces that overlap give each byte once."""
    c = Connection(guest).open()
    line = b"echo overlapping pieces\n"
    c.send("PA", line[8:16], seq=seq_add(c.seq, 8))
    c.send("PA", line[4:20], seq=seq_add(c.seq, 4))
    c.send("PA", line[:10])
    c.send("PA", line[18:], seq=seq_add(c.seq, 18))
    c.seq = seq_add(c.seq, len(line))
    if c.read(len(line)) != line:
        raise Failure("a wrong echo")
    c.reset()


def old_data_is_acknowledged_again(guest):
    """A segment that was taken already is answered with an ACK and changes nothing (3.10.7.4, first check)."""
    c = Connection(guest).open()
    c.write(b"echo on")
    c.send("PA", b"echo on", seq=seq_add(c.seq, -7))
    c.expect("ACK", "A", lambda t: t.ack == c.seq)
    c.send("PA", b"ce\n")
    c.seq = seq_add(c.seq, 3)
    if c.read(10) != b"echo once\n":
        raise Failure("a wrong echo")
    c.reset()


def sack_blocks_name_the_island(guest):
    """With SACK agreed the duplicate ACK names what came out of order (RFC 2018)."""
    c = Connection(guest, options=[("MSS", 1460), ("SAckOK", b"")]).open()
    c.send("PA", b"island", seq=seq_add(c.seq, 100))
    tcp = c.expect("duplicate ACK", "A", lambda t: t.ack == c.seq)
    blocks = dict(tcp.options).get("SAck")
    if blocks != (seq_add(c.seq, 100), seq_add(c.seq, 106)):
        raise Failure(f"SACK blocks {blocks}")
    c.reset()


def reset_in_place_ends_it(guest):
    """RST with exactly the next sequence number resets (RFC 5961 section 3.2)."""
    c = Connection(guest).open()
    c.send("R")
    time.sleep(0.05)
    c.send("A")
    c.expect("RST: the connection is gone", "R")


def reset_elsewhere_in_window_is_challenged(guest):
    """RST in the window but not in place: a challenge ACK, and the connection lives (RFC 5961 section 3.2)."""
    c = Connection(guest).open()
    c.send("R", seq=seq_add(c.seq, 1000))
    c.expect("challenge ACK", "A", lambda t: t.ack == c.seq and t.seq == c.ack)
    c.echo(b"lives")
    c.reset()


def reset_outside_window_is_ignored(guest):
    """RST outside of the window is dropped without a word."""
    c = Connection(guest).open()
    c.send("R", seq=seq_add(c.seq, -100000))
    c.silence("an answer to a far RST")
    c.echo(b"lives")
    c.reset()


def syn_in_established_is_challenged(guest):
    """SYN in an established connection: a challenge ACK, never a reset (RFC 5961 section 4.2)."""
    c = Connection(guest).open()
    c.send("S", seq=seq_add(c.seq, 500))
    c.expect("challenge ACK", "A", lambda t: t.ack == c.seq)
    c.echo(b"lives")
    c.reset()


def ack_of_the_future_is_dropped(guest):
    """Data with an ACK for what was never sent is dropped (3.10.7.4, fifth check); an ACK may come, as Linux may be silent."""
    c = Connection(guest).open()
    c.send("PA", b"echo future\n", ack=seq_add(c.ack, 100000))
    c.silence("an echo, or a reset", lambda t: len(t.payload) > 0 or "R" in str(t.flags))
    c.echo(b"lives")
    c.reset()


def data_with_an_ancient_ack_is_dropped(guest):
    """Data whose ACK is far behind is not taken (RFC 5961 section 5.2)."""
    c = Connection(guest).open()
    c.send("PA", b"echo blind injection\n", ack=seq_add(c.ack, -0x40000000))
    c.silence("an echo of injected data", lambda t: len(t.payload) > 0, 0.5)
    c.echo(b"lives")
    c.reset()


def bad_checksum_is_dropped(guest):
    """A wrong TCP checksum: no trace."""
    c = Connection(guest).open()
    c.send("PA", b"echo damaged\n", chksum=0x1234)
    c.silence("an answer to a damaged segment", seconds=0.4)
    c.echo(b"lives")
    c.reset()


def bad_ip_checksum_is_dropped(guest):
    c = Connection(guest).open()
    packet = c.segment("PA", b"echo damaged\n")
    packet[IP].chksum = 0x4321
    guest.send(packet)
    c.silence("an answer to a damaged header", seconds=0.4)
    c.echo(b"lives")
    c.reset()


def truncated_header_is_dropped(guest):
    """Data offset below 5, or beyond the segment: dropped, and the guest lives."""
    c = Connection(guest).open()
    for offset in (0, 1, 4, 15):
        c.send("PA", b"x", dataofs=offset)
    c.echo(b"lives")
    c.reset()


def odd_options_are_skipped(guest):
    """Unknown, zero-length and cut options neither hang nor crash the parser."""
    for options in ([(254, b"abcdef")], [("NOP", None)] * 40, b"\x02\x00\x00\x00", b"\x08\x02\x01\x01", b"\xfe\x28\x00\x00"):
        c = Connection(guest)
        if isinstance(options, bytes):
            packet = IP(bytes(IP(src=HOST_IP, dst=GUEST_IP) / c.segment("S", dataofs=5 + len(options) // 4)[1]))
            data = bytearray(bytes(packet) + options)
            packet = IP(bytes(data))
            del packet[IP].len, packet[IP].chksum, packet[1].chksum
            guest.send(IP(bytes(packet)))
        else:
            c.send("S", options=options)
        guest.drain()
    guest.ping()


def urgent_pointer_zero_is_survived(guest):
    """URG with pointer 0 and with one far beyond: no underflow, data in order."""
    c = Connection(guest).open()
    c.send("PAU", b"echo u", urgptr=0)
    c.seq = seq_add(c.seq, 6)
    c.send("PAU", b"rgent\n", urgptr=65535)
    c.seq = seq_add(c.seq, 6)
    guest.ping()
    c.reset()


def keepalive_probe_is_answered(guest):
    """A segment one byte behind, without data: an ACK (3.8.4)."""
    c = Connection(guest).open()
    c.send("A", seq=seq_add(c.seq, -1))
    c.expect("ACK", "A", lambda t: t.ack == c.seq)
    c.reset()


def odd_flags_do_not_hurt(guest):
    """All 64 combinations of flags at a listener, at a connection and at a closed port: the guest lives."""
    c = Connection(guest).open()
    names = "FSRPAU"
    for bits in range(64):
        flags = "".join(name for index, name in enumerate(names) if bits >> index & 1)
        for port in (7000, 7999):
            other = Connection(guest, port=port, source=40000 + bits)
            other.send(flags, b"x" if bits % 2 else b"")
        c.send(flags.replace("R", ""), seq=seq_add(c.seq, 200000))
        guest.drain()
    guest.ping()
    c.reset()


def paws_drops_old_timestamps(guest):
    """Data with a timestamp older than the last one is answered by an ACK and dropped (RFC 7323 section 5.3)."""
    stamp = 1_000_000
    c = Connection(guest, options=[("MSS", 1460), ("Timestamp", (stamp, 0))])
    c.syn()
    answer = c.expect("SYN-ACK", "SA")
    theirs = dict(answer.options)["Timestamp"][0]
    c.seq, c.ack = seq_add(c.seq, 1), seq_add(answer.seq, 1)

    def stamped(value):
        return [("NOP", None), ("NOP", None), ("Timestamp", (value, theirs))]

    c.send("A", options=stamped(stamp + 10))
    c.send("PA", b"echo old\n", options=stamped(stamp - 100000))
    c.expect("ACK", "A", lambda t: t.ack == c.seq)
    c.silence("an echo of old data", lambda t: len(t.payload) > 0, 0.4)
    c.send("PA", b"echo new\n", options=stamped(stamp + 20))
    tcp = c.expect("the echo", None, lambda t: len(t.payload) > 0)
    if bytes(tcp.payload) != b"echo new\n":
        raise Failure(f"got {bytes(tcp.payload)!r}")
    c.reset()


def wraps_around_zero(guest):
    """Sequence numbers pass 2^32 in the middle of a line."""
    c = Connection(guest, isn=0xFFFFFFF8).open()
    c.echo(b"over the edge of the number space")
    c.reset()


def ip_header_with_options(guest):
    """IP options (record route's room, NOPs) are skipped or the packet is dropped; never taken for TCP."""
    c = Connection(guest).open()
    packet = c.segment("PA", b"echo")
    packet[IP].options = [b"\x01", b"\x01", b"\x01", b"\x00"]
    guest.send(IP(bytes(packet)))
    guest.ping()
    c.reset()


def lengths_that_lie(guest):
    """IP length beyond the frame, and below the header: dropped. Padding behind the length is not data."""
    c = Connection(guest).open()
    for length in (0, 10, 19, 39, 60000):
        packet = c.segment("PA", b"echo lies\n")
        packet[IP].len = length
        guest.send(packet)
    c.silence("an echo of a lie", lambda t: len(t.payload) > 0, 0.3)
    data = bytes(c.segment("PA", b"echo padded\n"))
    guest.send_raw(Ether(src=HOST_MAC, dst=guest.mac, type=0x0800) / Raw(data + b"P" * 30))
    c.seq = seq_add(c.seq, 12)
    if c.read(12) != b"echo padded\n":
        raise Failure("padding was taken for data")
    c.reset()
