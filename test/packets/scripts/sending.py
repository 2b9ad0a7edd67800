"""What the guest sends: retransmission, windows, segment sizes, and the end of a connection."""

import time

from guest import Connection, Failure, seq_add


def lost_data_is_sent_again(guest):
    """Unacknowledged data comes again, later each time (RFC 6298 sections 5.4 to 5.5)."""
    c = Connection(guest).open()
    c.write(b"echo again\n")
    times = []
    for _ in range(4):
        c.expect("data", None, lambda t: len(t.payload) > 0 and t.seq == c.ack, timeout=8.0)
        times.append(time.monotonic())
    gaps = [right - left for left, right in zip(times, times[1:])]
    if not gaps[-1] > gaps[0] * 1.5:
        raise Failure(f"gaps between repetitions {[round(gap, 2) for gap in gaps]} do not grow")
    c.reset()


def three_duplicates_bring_it_at_once(guest):
    """Three duplicate ACKs with SACK: the missing segment comes without waiting for the timer (RFC 6675, RFC 8985)."""
    c = Connection(guest, options=[("MSS", 1000), ("SAckOK", b"")]).open()
    c.write(b"get 60000\n")
    first = c.ack
    segments = {}
    while len(segments) < 5:
        tcp = c.expect("data", None, lambda t: len(t.payload) > 0)
        segments[tcp.seq] = len(tcp.payload)
    highest = max(seq_add(seq, length) for seq, length in segments.items())
    left = seq_add(first, segments[first])
    started = time.monotonic()
    for step in range(1, 5):
        edge = min(seq_add(left, step * 1000), highest)
        c.send("A", ack=first, options=[("NOP", None), ("NOP", None), ("SAck", (left, edge))])
    c.expect("the lost segment", None, lambda t: t.seq == first and len(t.payload) > 0, timeout=2.0)
    took = time.monotonic() - started
    if took > 0.9:
        raise Failure(f"the lost segment came after {took:.2f} s")
    c.reset()


def zero_window_is_probed(guest):
    """A closed window is probed, and the data flows when it opens (RFC 9293 section 3.8.6.1)."""
    c = Connection(guest, window=0).open()
    c.write(b"echo through a window\n")
    c.expect("a probe", None, lambda t: t.seq in (c.ack, seq_add(c.ack, -1)), timeout=8.0)
    c.silence("more than a probe", lambda t: len(t.payload) > 1, 0.2)
    c.window = 65535
    c.send("A")
    c.read(len(b"echo through a window\n"), timeout=5.0)
    c.reset()


def window_is_respected(guest):
    """Never more data in flight than the window."""
    c = Connection(guest, window=3000).open()
    c.write(b"get 100000\n")
    furthest = 0
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        frame = guest.receive(0.2)
        if frame is None or not c.ours(frame):
            continue
        tcp = frame["TCP"]
        furthest = max(furthest, (tcp.seq + len(tcp.payload) - c.ack) & 0xFFFFFFFF)
    if furthest == 0 or furthest > 3001:
        raise Failure(f"{furthest} bytes beyond what was acknowledged, the window is 3000")
    c.reset()


def segment_size_is_respected(guest):
    """No segment above our MSS, and the default of 536 without one (RFC 9293 section 3.7.1)."""
    for options, limit in (([("MSS", 700)], 700), ([], 536)):
        c = Connection(guest, options=options).open()
        c.write(b"get 20000\n")
        for _ in range(8):
            tcp = c.expect("data", None, lambda t: len(t.payload) > 0)
            if len(tcp.payload) > limit:
                raise Failure(f"a segment of {len(tcp.payload)} with MSS {limit}")
        c.reset()
        guest.drain()


def tiny_segment_size_is_survived(guest):
    """An MSS of 1 or 0 with SACK: no division by nothing, no storm, no crash (CVE-2019-11477 and kin)."""
    for size in (0, 1, 8, 47):
        c = Connection(guest, options=[("MSS", size), ("SAckOK", b"")])
        c.syn()
        answer = c.expect("SYN-ACK", "SA")
        c.seq, c.ack = seq_add(c.seq, 1), seq_add(answer.seq, 1)
        c.send("PA", b"get 3000\n")
        c.seq = seq_add(c.seq, 9)
        tcp = c.expect("data", None, lambda t: len(t.payload) > 0)
        edge = seq_add(tcp.seq, len(tcp.payload))
        for step in range(20):
            block = (seq_add(edge, step * 16), seq_add(edge, step * 16 + 8))
            c.send("A", ack=c.ack, options=[("NOP", None), ("NOP", None), ("SAck", block)])
        guest.drain()
        c.reset()
    guest.ping()


def impossible_sack_is_ignored(guest):
    """SACK blocks for what was never sent, backwards and overlapping: ignored."""
    c = Connection(guest, options=[("MSS", 1000), ("SAckOK", b"")]).open()
    c.write(b"get 30000\n")
    for block in ((seq_add(c.ack, 1 << 30), seq_add(c.ack, (1 << 30) + 5)), (seq_add(c.ack, 5), seq_add(c.ack, 1)), (c.ack, c.ack)):
        c.send("A", options=[("NOP", None), ("NOP", None), ("SAck", block)])
    got = c.read(30000, timeout=10.0)
    if len(got) < 30000:
        raise Failure(f"only {len(got)} bytes came")
    c.reset()


def half_close_lets_the_rest_through(guest):
    """Our FIN with the request: the whole answer still comes, then the guest's FIN."""
    c = Connection(guest).open()
    line = b"echo half\n"
    c.send("FPA", line)
    c.seq = seq_add(c.seq, len(line) + 1)
    if c.read(len(line)) != line:
        raise Failure("a wrong echo")
    fin = c.expect("FIN", "FA", lambda t: t.seq == c.ack)
    c.ack = seq_add(fin.seq, 1)
    c.send("A")
    c.silence("anything after the end")


def lost_fin_is_sent_again(guest):
    """The guest repeats its FIN until it is acknowledged."""
    c = Connection(guest).open()
    c.echo(b"bye")
    c.expect("FIN", "FA", lambda t: t.seq == c.ack)
    again = c.expect("FIN again", "FA", lambda t: t.seq == c.ack, timeout=4.0)
    c.ack = seq_add(again.seq, 1)
    c.send("FA")
    c.expect("ACK of our FIN", "A", lambda t: t.ack == seq_add(c.seq, 1))


def fin_again_in_time_wait_is_answered(guest):
    """A repeated FIN in TIME-WAIT is acknowledged again (3.10.7.4, eighth check)."""
    c = Connection(guest).open()
    c.echo(b"bye")
    fin = c.expect("FIN", "FA", lambda t: t.seq == c.ack)
    c.ack = seq_add(fin.seq, 1)
    c.send("FA")
    c.expect("ACK of our FIN", "A", lambda t: t.ack == seq_add(c.seq, 1))
    c.send("FA")
    c.expect("ACK of our FIN again", "A", lambda t: t.ack == seq_add(c.seq, 1))


def simultaneous_close(guest):
    """Both FINs cross: each is acknowledged, both ends close."""
    c = Connection(guest).open()
    c.echo(b"bye")
    fin = c.expect("FIN", "FA", lambda t: t.seq == c.ack)
    c.send("FA", ack=c.ack)
    c.expect("ACK of our FIN", "A", lambda t: t.ack == seq_add(c.seq, 1))
    c.seq, c.ack = seq_add(c.seq, 1), seq_add(fin.seq, 1)
    c.send("A")
    c.silence("a reset", lambda t: "R" in str(t.flags))


def window_stays_open_for_a_stream(guest):
    """200 kB stream into the guest at our pace, every byte acknowledged, the window never shrinks to nothing."""
    c = Connection(guest, options=[("MSS", 1460), ("WScale", 7)]).open()
    total = 200_000
    head = b"put %d\n" % total
    c.write(head)
    sent = 0
    while sent < total:
        size = min(1400, total - sent)
        c.send("PA" if sent + size == total else "A", bytes(size))
        c.seq = seq_add(c.seq, size)
        sent += size
        if sent % 14000 == 0 or sent == total:
            c.expect("acknowledgement", None, lambda t: t.ack == c.seq and t.window > 0, timeout=5.0)
    c.reset()
