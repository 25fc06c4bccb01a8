"""One attachment after another: HELO, silence, beats, and where to go next (PROTOCOL.md §2.5, §5.3, §9)."""

from connection import Connection
from homes import Homes

SILENCE = 2.0  # §9.4
WELCOME_WAIT = 2.0  # a HELO that nobody answers
RETRY_WAIT = 0.2  # after ID_TAKEN: the old connection is dead after 1 s (§9.3)
LATE = 0.6  # a transmitter that was heard so lately when its connection ended may be back at once (§9.8)


class Session:
    """
    `cell` is whom it serves: id, service, poller, claims(), detached(), welcomed(fields, anew), read(), report(…).

    States: `away` (not attached, until `retry_at`), `hello` (HELO was said), `welcome` (attached), `moving` (the
    transmitter drains: what is held is settled, nothing is sent), `leaving` (GBYE was said), `closed`.
    """

    def __init__(self, cell):
        self.cell, self.state = cell, "away"
        self.homes, self.connection = None, None
        self.count, self.secrets, self.before, self.welcome = 0, {}, None, None
        self.heard_at, self.hello_at, self.beat_at, self.retry_at = 0.0, 0.0, 0.0, None
        self.named, self.beat = ([], []), None

    def start(self, homes, now):
        self.homes = Homes(homes)
        self.attach(now)

    @property
    def attached(self):
        return self.state in ("welcome", "moving", "leaving")

    def say(self, word, **fields):
        if self.attached and self.connection is not None:
            self.connection.say(word, fields)

    def attach(self, now):
        """Connects both sockets anew and says HELO; nothing else is said before the welcome (§5.3)."""
        self.detach()
        self.connection = Connection(self.homes.address, self.cell.poller)
        self.hello(now)

    def hello(self, now):
        self.cell.detached()
        self.state, self.retry_at = "hello", None
        self.heard_at = self.hello_at = now
        fields = {"v": 1, "id": self.cell.id, "service": self.cell.service, "session": self.count + 1}
        secret = self.secrets.get(self.homes.address, self.secrets.get("newest"))
        if secret is not None:
            fields["secret"] = secret
        if self.before is not None:
            fields["claims"] = self.cell.claims()
        if self.beat is not None:
            fields["heard"] = self.beat
        self.connection.say("HELO", fields)

    def detach(self, linger=0):
        if self.connection is not None:
            self.connection.close(linger)
        self.connection, self.state = None, "away"

    def fail(self, now):
        """Nobody answered here, or it takes no cells: the next one after a moment of this cell's own."""
        self.detach()
        self.retry_at = now + self.homes.failed()

    def lose(self, now, *, away, named=([], [])):
        """The home is gone. It is tried again first only if the answer can be had at once (§9.8)."""
        self.detach()
        self.cell.detached()
        self.retry_at = now + self.homes.lost(away, *named)

    def close(self):
        self.detach(linger=200)
        self.state = "closed"

    # -- what the transmitter says

    def welcomed(self, fields, now):
        if self.state != "hello":
            return  # a HELO again changes nothing
        self.state, self.welcome = "welcome", fields
        self.secrets["newest"] = self.secrets[self.homes.address] = fields["secret"]
        self.count, self.beat_at, self.named = self.count + 1, now, ([], [])
        self.homes.welcomed(fields.get("transmitters", []))
        here = (fields["id"], fields["incarnation"])
        anew, self.before = self.before not in (None, here), here
        self.connection.open_events(fields["pub"])
        self.connection.subscribe(fields["presence"])
        self.cell.welcomed(fields, anew, now)

    def refused(self, code, now):
        """A HELO was refused, or this connection is not known (any more)."""
        if code == "NOT_WELCOME" and self.attached and self.state != "leaving":
            self.attach(now)
        elif code == "DRAINING" and self.state == "hello":
            self.fail(now)
        elif code == "ID_TAKEN" and self.state == "hello":
            self.retry_at = now + RETRY_WAIT

    def draining(self, named, successor):
        """It drains, and has named these; its successor, once there is one, before the others (§9.6)."""
        first = [] if successor is None else [successor]
        self.state = "moving"
        self.named = (first or self.named[0], named or self.named[1])

    def beaten(self, fields):
        """§9.8, §18.12: whoever it attaches to next may not have heard this transmitter for so long."""
        if "transmitters" in fields:
            self.homes.learn_more(fields["transmitters"])
        if "beat" in fields:
            self.beat = {"id": self.welcome["id"], "incarnation": self.welcome["incarnation"], "beat": fields["beat"]}

    # -- time

    def tick(self, now):
        if self.state == "closed":
            return
        if self.retry_at is not None:
            if now >= self.retry_at:
                self.attach(now)
        elif self.state == "hello" and (self.connection.lost or now >= self.hello_at + WELCOME_WAIT):
            if self.connection.stood:
                self.count += 1  # the HELO may have been taken: its number is used (§9.8)
            self.fail(now)
        elif self.attached and (self.connection.lost or now >= self.heard_at + SILENCE):
            self.cell.report("lost")
            self.lose(now, away=now >= self.heard_at + LATE or self.state == "moving", named=self.named)
        elif self.attached and now >= self.beat_at:
            self.beat_at = now + self.welcome["heartbeatMs"] / 1000
            read = self.cell.read()
            self.say("BEAT", **({"streams": read} if read else {}))

    def move(self, now):
        """All that it held at a transmitter that drains is settled: on to another (§9.6)."""
        self.lose(now, away=True, named=self.named)
