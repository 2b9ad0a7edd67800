"""Opening connections: RFC 9293 sections 3.5 and 3.10.7, RFC 6528 for initial sequence numbers."""

from guest import GUEST_IP, HOST_IP, IP, TCP, Connection, Failure, seq_add


def opens_and_serves(guest):
    """A handshake, an exchange, and an orderly end."""
    c = Connection(guest).open()
    c.echo(b"over a bare wire")
    fin = c.expect("FIN", "FA", lambda t: t.seq == c.ack)
    c.ack = seq_add(fin.seq, 1)
    c.send("FA")
    c.expect("ACK of our FIN", "A", lambda t: t.ack == seq_add(c.seq, 1))


def closed_port_resets(guest):
    """SYN to a port without a listener: RST that acknowledges it (3.10.7.1)."""
    c = Connection(guest, port=7999)
    c.syn()
    c.expect("RST", "RA", lambda t: t.ack == seq_add(c.seq, 1) and t.seq == 0)


def ack_to_closed_port_resets(guest):
    """ACK to a closed port: RST whose sequence is the ACK's number."""
    c = Connection(guest, port=7999)
    c.send("A", ack=12345)
    c.expect("RST", "R", lambda t: t.seq == 12345)


def reset_to_closed_port_is_silent(guest):
    """RST never answers RST."""
    c = Connection(guest, port=7999)
    c.send("R")
    c.silence("an answer to a RST")


def ack_to_listener_resets(guest):
    """ACK out of the blue to a listener: RST with its number (3.10.7.2)."""
    c = Connection(guest)
    c.send("A", ack=777)
    c.expect("RST", "R", lambda t: t.seq == 777)


def reset_to_listener_is_silent(guest):
    c = Connection(guest)
    c.send("R")
    c.silence("an answer to a RST")


def syn_again_gets_same_answer(guest):
    """A repeated SYN gets a SYN-ACK with the same number, or an ACK: never a second connection."""
    c = Connection(guest)
    c.syn()
    first = c.expect("SYN-ACK", "SA")
    c.syn()
    second = c.expect("SYN-ACK again", "SA")
    if first.seq != second.seq or first.ack != second.ack:
        raise Failure(f"sequence {first.seq} became {second.seq}")
    c.seq, c.ack = seq_add(c.seq, 1), seq_add(first.seq, 1)
    c.send("A")
    c.echo()
    c.reset()


def syn_ack_is_repeated(guest):
    """Without our ACK the guest sends its SYN-ACK again after about a second."""
    c = Connection(guest)
    c.syn()
    first = c.expect("SYN-ACK", "SA")
    again = c.expect("SYN-ACK again", "SA", timeout=4.0)
    if again.seq != first.seq:
        raise Failure("another sequence number")
    c.seq, c.ack = seq_add(c.seq, 1), seq_add(first.seq, 1)
    c.send("A")
    c.echo()
    c.reset()


def bad_ack_in_syn_received_resets(guest):
    """An ACK of something never sent, in SYN-RECEIVED: RST, and the right ACK still opens or the SYN again does."""
    c = Connection(guest)
    c.syn()
    answer = c.expect("SYN-ACK", "SA")
    wrong = seq_add(answer.seq, 5000)
    c.send("A", seq=seq_add(c.seq, 1), ack=wrong)
    c.expect("RST", "R", lambda t: t.seq == wrong)
    guest.ping()


def reset_in_syn_received_frees_it(guest):
    """RST in SYN-RECEIVED ends it; the same four-tuple opens anew."""
    c = Connection(guest)
    c.syn()
    c.expect("SYN-ACK", "SA")
    c.send("R", seq=seq_add(c.seq, 1))
    c.seq = seq_add(c.seq, 100000)
    c.open()
    c.echo()
    c.reset()


def data_with_the_last_ack(guest):
    """Data on the ACK that ends the handshake is kept."""
    c = Connection(guest)
    c.syn()
    answer = c.expect("SYN-ACK", "SA")
    c.seq, c.ack = seq_add(c.seq, 1), seq_add(answer.seq, 1)
    c.echo(b"early")
    c.reset()


def window_scale_and_mss_are_offered(guest):
    """MSS always; window scale, SACK and timestamps when we offer them."""
    c = Connection(guest, options=[("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)])
    c.syn()
    names = {name for name, _ in c.expect("SYN-ACK", "SA").options}
    missing = {"MSS", "SAckOK", "Timestamp", "WScale"} - names
    if missing:
        raise Failure(f"the SYN-ACK has no {missing}")
    c.reset()


def options_not_offered_are_not_used(guest):
    """Without our offer the SYN-ACK holds neither scale, nor SACK, nor timestamps (RFC 7323, RFC 2018)."""
    c = Connection(guest)
    c.syn()
    names = {name for name, _ in c.expect("SYN-ACK", "SA").options}
    if names & {"SAckOK", "Timestamp", "WScale"}:
        raise Failure(f"the SYN-ACK has {names}")
    c.reset()


def sequence_numbers_are_unpredictable(guest):
    """Initial sequence numbers of one hundred connections differ without a pattern (RFC 6528)."""
    numbers = []
    for index in range(100):
        c = Connection(guest, source=30000 + index)
        c.syn()
        numbers.append(c.expect("SYN-ACK", "SA").seq)
        c.send("R", seq=seq_add(c.seq, 1))
    steps = [(right - left) & 0xFFFFFFFF for left, right in zip(numbers, numbers[1:])]
    if len(set(numbers)) < 100 or len(set(steps)) < 95:
        raise Failure(f"{len(set(numbers))} numbers, {len(set(steps))} steps")
    small = sum(1 for step in steps if step < 1 << 24)
    if small > 20:
        raise Failure(f"{small} of 99 steps are small")


def syn_to_broadcast_is_silent(guest):
    """A SYN to a broadcast or multicast address is dropped (3.9.2.3)."""
    c = Connection(guest)
    for address in ("255.255.255.255", "10.99.0.255", "224.0.0.1"):
        guest.send(IP(src=HOST_IP, dst=address) / TCP(sport=c.source, dport=7000, flags="S", seq=1))
    c.silence("an answer to a broadcast SYN")


def land_attack_is_survived(guest):
    """A SYN whose source is the guest itself is no reason to talk to oneself for ever."""
    guest.send(IP(src=GUEST_IP, dst=GUEST_IP) / TCP(sport=7000, dport=7000, flags="S", seq=1))
    guest.ping()
