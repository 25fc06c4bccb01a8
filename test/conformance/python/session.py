"""One attachment after another: HELO, silence, beats, and where to go next (PROTOCOL.md §2.5, §5.3, §9)."""

from connection import Connection

SILENCE = 2.0  # §9.4
WELCOME_WAIT = 2.0  # a HELO that nobody answers
RETRY_WAIT = 0.2  # after ID_TAKEN: the old connection is dead after 1 s (§9.3)


class Session:
    """
    `cell` is whom it serves: id, service, poller, claims(), detached(), welcomed(fields, anew), read(), report(…).

    States: `away` (not attached, until `retry_at`), `hello` (HELO was said), `welcome` (attached), `moving` (the
    transmitter drains: what is held is settled, nothing is sent), `leaving` (GBYE was said), `closed`.
    """

    def __init__(self, cell):
        self.cell, self.state = cell, "away"
        self.homes, self.at, self.connection = [], 0, None
        self.count, self.secret, self.before, self.welcome = 0, None, None, None
        self.heard_at, self.hello_at, self.beat_at, self.retry_at = 0.0, 0.0, 0.0, None

    def start(self, homes, now):
        self.homes = list(homes)
        self.attach(now)

    @property
    def attached(self):
        return self.state in ("welcome", "moving", "leaving")

    def say(self, word, **fields):
        if self.attached:
            self.connection.say(word, fields)

    def attach(self, now):
        """Connects both sockets anew and says HELO; nothing else is said before the welcome (§5.3)."""
        self.detach()
        self.connection = Connection(self.homes[self.at % len(self.homes)], self.cell.poller)
        self.hello(now)

    def hello(self, now):
        self.cell.detached()
        self.state, self.retry_at = "hello", None
        self.heard_at = self.hello_at = now
        fields = {"v": 1, "id": self.cell.id, "service": self.cell.service, "session": self.count + 1}
        if self.secret is not None:
            fields["secret"] = self.secret
        if self.before is not None:
            fields["claims"] = self.cell.claims()
        self.connection.say("HELO", fields)

    def detach(self, linger=0):
        if self.connection is not None:
            self.connection.close(linger)
        self.connection, self.state = None, "away"

    def move_on(self, now):
        """Goes to the next transmitter of the list."""
        self.at += 1
        self.attach(now)

    def close(self):
        self.detach(linger=200)
        self.state = "closed"

    # -- what the transmitter says

    def welcomed(self, fields, now):
        if self.state != "hello":
            return  # a HELO again changes nothing
        self.state, self.welcome, self.secret = "welcome", fields, fields["secret"]
        self.count, self.beat_at = self.count + 1, now
        for address in fields.get("transmitters", []):
            if address not in self.homes:
                self.homes.append(address)
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
            self.move_on(now)
        elif code == "ID_TAKEN" and self.state == "hello":
            self.retry_at = now + RETRY_WAIT

    def draining(self):
        if self.state == "welcome":
            self.state = "moving"

    # -- time

    def tick(self, now):
        if self.state == "closed" or self.connection is None:
            return
        if self.retry_at is not None and now >= self.retry_at:
            self.attach(now)
        elif self.state == "hello" and now >= self.hello_at + WELCOME_WAIT:
            self.move_on(now)
        elif self.attached and now >= self.heard_at + SILENCE:
            self.cell.report("lost")
            self.move_on(now)
        elif self.attached and now >= self.beat_at:
            self.beat_at = now + self.welcome["heartbeatMs"] / 1000
            read = self.cell.read()
            self.say("BEAT", **({"streams": read} if read else {}))
