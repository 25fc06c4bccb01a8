"""
A complete cell in Python, encoding J, written from PROTOCOL.md alone; no code of Thynapse in it.

`session.py` attaches it, `stream.py` and `group.py` are its catches, `outbox.py` what it sent, `asks.py` what it asked.
Started as a program it is driven by lines of JSON: see `driver.py`.
"""

import os

import zmq

from asks import Asks
from group import Group
from outbox import Outbox
from session import Session
from stream import Stream


class Cell:
    """What outlives an attachment: the catches, the outbox, the asks. `report(kind, **fields)` is told what happens."""

    def __init__(self, service, report, id=None):
        self.service, self.report, self.id = service, report, id or os.urandom(20).hex()
        self.poller = zmq.Poller()
        self.session = Session(self)
        self.streams, self.groups = {}, {}
        self.outbox, self.asks = Outbox(self), Asks(self)
        self.settle_ref, self.settling, self.catch_ref = 0, {}, 0

    # -- speaking

    def say(self, word, **fields):
        self.session.say(word, **fields)

    def say_settlement(self, group, delivery, fields):
        self.settle_ref += 1
        self.settling[self.settle_ref] = (group, delivery, delivery and delivery.name)
        self.say("SETL", ref=self.settle_ref, **fields)

    def ask_for(self, catch):
        """CGHT may come late, behind answers to later commands: `ref` tells whose it is (§5.8)."""
        self.catch_ref += 1
        catch.ref = self.catch_ref
        self.say("CTCH", ref=catch.ref, **catch.wish())

    def subscribe(self, topic):
        self.session.connection.subscribe(topic)

    def unsubscribe(self, topic):
        if self.session.connection is not None:
            self.session.connection.unsubscribe(topic)

    # -- what the session asks

    def catches(self):
        return [*self.streams.values(), *self.groups.values()]

    def claims(self):
        return [group.claim() for group in self.groups.values()]

    def read(self):
        """How far each stream was read, for BEAT (§8.5)."""
        return [[s.catch, s.last] for s in self.streams.values() if s.catch is not None and s.last is not None]

    def detached(self):
        self.settle_ref = 0
        self.settling.clear()
        for catch in self.catches():
            catch.detach()

    def welcomed(self, fields, anew, now):
        for catch in self.catches():
            self.ask_for(catch)
        self.outbox.attached(anew)
        self.report("welcome", **fields)

    # -- hearing

    def hear(self, now):
        """Takes all that has come on both sockets. The session may replace them meanwhile; an old one ends then."""
        connection = self.session.connection
        if connection is None:
            return
        for word, fields in connection.commands():
            self.session.heard_at = now
            self.outbox.heard(now)
            hear = getattr(self, f"on_{word.lower()}", None)
            if hear is not None:  # §5.4: unknown commands are ignored
                hear(fields, now)
        for topic, first, count, word, fields in connection.messages():
            for stream in self.streams.values():
                if stream.topic == topic:
                    stream.heard(first, count, word, fields, now)

    def on_wlcm(self, fields, now):
        self.session.welcomed(fields, now)

    def on_cght(self, fields, now):
        for catch in self.catches():
            if catch.ref == fields.get("ref"):
                catch.caught(fields, now)
                return
        table = self.streams if fields["mode"] == "multi" else self.groups
        if fields["pattern"] not in table:  # dropped meanwhile, and not made again
            self.say("DROP", catch=fields["catch"])

    def on_drpd(self, fields, now):
        self.report("dropped", catch=fields["catch"])

    def on_cnfm(self, fields, now):
        if "settled" not in fields:
            self.outbox.confirmed(fields, now)
            return
        group, delivery, _ = self.settling.pop(fields["settled"], (None, None, None))
        if delivery is not None:
            group.confirmed(delivery)

    def on_dlvr(self, fields, now):
        if self.session.state == "leaving":
            return  # §9.5: the farewell that it crossed has given it back
        for group in self.groups.values():
            if group.catch == fields["catch"]:
                group.delivered(fields, now)

    def on_back(self, fields, now):
        for group in self.groups.values():
            if group.catch == fields["catch"]:
                group.taken_back(fields)

    def on_rpar(self, fields, now):
        for stream in self.streams.values():
            if stream.catch == fields["catch"]:
                stream.repaired(fields, now)

    def on_ansr(self, fields, now):
        self.asks.answered(fields)

    def on_beat(self, fields, now):
        self.session.beaten(fields)
        for catch, last in fields.get("streams", []):
            for stream in self.streams.values():
                if stream.catch == catch:
                    stream.told_last(last, now)

    def on_gbye(self, fields, now):
        reason = fields.get("reason")
        if reason == "draining" and self.session.state in ("welcome", "moving"):
            self.session.draining(fields.get("transmitters", []), fields.get("successor"))
        elif reason == "fenced" or self.session.state == "leaving":
            self.session.close()
            self.report("closed", reason=reason)

    def on_erro(self, fields, now):
        self.report("error", **fields)
        code, command = fields["code"], fields.get("command")
        if command == "HELO" or code == "NOT_WELCOME":
            self.session.refused(code, now)
        elif command == "EVNT" and code != "DRAINING":
            self.outbox.refused(fields)
        elif command == "SETL" and fields.get("ref") in self.settling:
            group, delivery, name = self.settling[fields["ref"]]
            renamed = delivery is not None and delivery.name is not name
            if code == "STALE_ATTEMPT" and not renamed:
                return  # it is confirmed all the same (§10.3)
            # One that was renamed is settled by its new name (§10.12); any other changed nothing and is not confirmed.
            del self.settling[fields["ref"]]
            if delivery is not None and not renamed:
                group.confirmed(delivery)

    # -- time

    def tick(self, now):
        if self.session.connection is not None:
            self.session.connection.watch()
        self.session.tick(now)
        self.asks.tick(now)
        if not self.session.attached:
            return
        self.outbox.tick(now)
        for catch in self.catches():
            catch.tick(now)
        if self.session.state == "moving" and not any(group.held for group in self.groups.values()):
            self.session.move(now)  # §9.6: all that it held is settled
