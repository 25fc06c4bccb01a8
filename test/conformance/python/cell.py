"""
A complete cell in Python, encoding J, written from PROTOCOL.md alone; no code of Thynapse in it.

It is driven by lines of JSON on stdin, {"do": …, "token": …}, each answered by {"kind": "done" | "failed", "token": …},
and reports what happens as lines of JSON on stdout, {"kind": …}. It ends when stdin does.

| do | fields |
| --- | --- |
| connect | transmitters, service, id?, trace? (report every command that comes) |
| multicatch | pattern, reply? ({data} or {code, message}: how it replies to a gather) |
| anycatch | pattern, options?, behaviours? (see group.py) |
| drop | pattern, mode |
| send | event (fields of EVNT; seq and floor are filled in unless given), until? (accepted or handled) |
| settle | pattern, seq, behaviour: settles what `hold` holds |
| credit | pattern, credit |
| beat | on: false stops all signs of life and the reaction to silence |
| raw | text: one part of the command socket, as it is |
| goodbye | says GBYE and waits for the answer |
| cut | stay?: drops the connections without a word; attaches anew unless stay |
"""

import json
import os
import sys
import time

import zmq

from group import Group
from outbox import Outbox
from stream import Stream

SILENCE = 2.0  # §9.4
RETRY_WAIT = 0.2  # after ID_TAKEN: the old connection is dead after 1 s (§9.3)


class Cell:
    """One attachment after another; what outlives them are the catches and the outbox."""

    def __init__(self):
        self.context, self.poller = zmq.Context(), zmq.Poller()
        self.command = self.events = self.welcome = None
        self.transmitters, self.at, self.session, self.secret = [], 0, 0, None
        self.id, self.service, self.trace = os.urandom(20).hex(), None, False
        self.streams, self.groups, self.outbox = {}, {}, Outbox(self)
        self.beating, self.beat_at, self.heard_at, self.hello_at = True, 0.0, 0.0, None
        self.settle_ref, self.settling, self.attached_before = 0, {}, None
        self.goodbye_token = None

    # -- speaking

    def report(self, kind, **fields):
        print(json.dumps({"kind": kind, **fields}), flush=True)

    def say(self, word, **fields):
        if self.command is None or (self.welcome is None and word != "HELO"):
            return
        self.write(f"J {word} {json.dumps(fields, separators=(',', ':'), ensure_ascii=False)}".encode())

    def write(self, part):
        try:
            self.command.send(part, zmq.DONTWAIT)
        except zmq.Again:
            self.report("unsendable")

    def say_settlement(self, group, delivery, fields):
        self.settle_ref += 1
        self.settling[self.settle_ref] = (group, delivery)
        self.say("SETL", ref=self.settle_ref, **fields)
        return self.settle_ref

    def subscribe(self, topic):
        self.events.subscribe(f"{topic} ")

    def unsubscribe(self, topic):
        if self.events is not None:
            self.events.unsubscribe(f"{topic} ")

    # -- attaching

    def attach(self, now):
        """Connects both sockets anew and says HELO."""
        self.detach()
        self.command, self.events = self.context.socket(zmq.DEALER), self.context.socket(zmq.SUB)
        for socket in (self.command, self.events):
            socket.linger = 0
            self.poller.register(socket, zmq.POLLIN)
        self.command.connect(self.transmitters[self.at % len(self.transmitters)])
        self.hello(now)

    def hello(self, now):
        """Says HELO on the connection that there is. Nothing else is said before the welcome (§5.3)."""
        self.welcome, self.hello_at, self.heard_at = None, None, now
        for catch in self.catches():
            catch.detach()
        self.session, self.settle_ref = self.session + 1, 0
        self.settling.clear()
        fields = {"v": 1, "id": self.id, "service": self.service, "session": self.session}
        if self.secret is not None:
            fields["secret"] = self.secret
        if self.attached_before is not None:
            fields["claims"] = [group.claim() for group in self.groups.values()]
        self.say("HELO", **fields)

    def detach(self):
        for socket in (self.command, self.events):
            if socket is not None:
                self.poller.unregister(socket)
                socket.close()
        self.command = self.events = self.welcome = None

    def catches(self):
        return [*self.streams.values(), *self.groups.values()]

    def welcomed(self, fields, now):
        self.welcome, self.secret = fields, fields["secret"]
        self.events.connect(fields["pub"])
        self.subscribe(fields["presence"])
        for catch in self.catches():
            self.say("CTCH", **catch.wish())
        here = (fields["id"], fields["incarnation"])
        self.outbox.attached(anew=self.attached_before not in (None, here))
        self.report("welcome", again=self.attached_before is not None, **fields)
        self.attached_before, self.beat_at = here, now

    # -- hearing

    def heard_command(self, parts, now):
        self.heard_at = now
        enc, word, payload = parts[-1].decode().split(" ", 2)
        fields = json.loads(payload or "{}")
        if self.trace:
            self.report("heard", enc=enc, word=word, fields=fields)
        hear = getattr(self, f"on_{word.lower()}", None)
        if hear is not None:  # §5.4: unknown commands are ignored
            hear(fields, now)

    def on_wlcm(self, fields, now):
        self.welcomed(fields, now)

    def on_cght(self, fields, now):
        table = self.streams if fields["mode"] == "multi" else self.groups
        if fields["pattern"] in table:
            table[fields["pattern"]].caught(fields, now)
            self.report("caught", **fields)

    def on_drpd(self, fields, now):
        self.report("dropped", **fields)

    def on_cnfm(self, fields, now):
        if "settled" in fields:
            group, delivery = self.settling.pop(fields["settled"], (None, None))
            if delivery is not None:
                group.confirmed(delivery)
            self.report("settled", ref=fields["settled"], seq=delivery and delivery.key[1])
        else:
            self.report("confirm", **fields)
            self.outbox.confirmed(fields, now)

    def on_dlvr(self, fields, now):
        for group in self.groups.values():
            if group.catch == fields["catch"]:
                self.report("delivery", **fields)
                group.delivered(fields, now)

    def on_back(self, fields, now):
        self.report("back", **fields)
        for group in self.groups.values():
            if group.catch == fields["catch"]:
                group.taken_back(fields)

    def on_rpar(self, fields, now):
        for stream in self.streams.values():
            if stream.catch == fields["catch"]:
                stream.repaired(fields, now)

    def on_ansr(self, fields, now):
        self.report("answer", **fields)

    def on_beat(self, fields, now):
        for catch, last in fields.get("streams", []):
            for stream in self.streams.values():
                if stream.catch == catch:
                    stream.told_last(last, now)

    def on_gbye(self, fields, now):
        self.report("goodbye", **fields)
        if fields.get("reason") == "farewell" or self.goodbye_token is not None:
            self.detach()
            self.report("done", token=self.goodbye_token)
            self.goodbye_token = None

    def on_erro(self, fields, now):
        self.report("error", **fields)
        code = fields["code"]
        if code == "NOT_WELCOME" and self.welcome is not None:
            self.hello(now)
        elif code == "ID_TAKEN":
            self.hello_at = now + RETRY_WAIT
        elif fields.get("command") == "SETL" and fields.get("ref") in self.settling:
            group, delivery = self.settling.pop(fields["ref"])
            if delivery is not None:
                group.refused(delivery)

    def heard_event(self, parts, now):
        topic, first, count = parts[0].decode().split(" ")
        _, word, payload = parts[1].decode().split(" ", 2)
        for stream in self.streams.values():
            if stream.topic == topic:
                stream.heard(int(first), int(count), word, json.loads(payload or "{}"), now)

    # -- time

    def tick(self, now):
        if self.command is None:
            return
        if self.hello_at is not None and now >= self.hello_at:
            self.attach(now)
        if self.beating and now >= self.heard_at + SILENCE:
            self.report("silence")
            self.at += 1
            self.attach(now)
        if self.welcome is None:
            return
        self.outbox.tick(now)
        for catch in self.catches():
            catch.tick(now)
        if self.beating and now >= self.beat_at:
            self.beat_at = now + self.welcome["heartbeatMs"] / 1000
            read = [[s.catch, s.last] for s in self.streams.values() if s.catch is not None and s.last is not None]
            self.say("BEAT", **({"streams": read} if read else {}))

    # -- being driven

    def do_connect(self, line, now):
        self.transmitters, self.service = line["transmitters"], line["service"]
        self.id, self.trace = line.get("id", self.id), line.get("trace", False)
        self.attach(now)

    def do_multicatch(self, line, now):
        stream = self.streams[line["pattern"]] = Stream(self, line["pattern"], line.get("reply"))
        self.say("CTCH", **stream.wish())

    def do_anycatch(self, line, now):
        group = Group(self, line["pattern"], line.get("options", {}), line.get("behaviours"))
        self.groups[line["pattern"]] = group
        self.say("CTCH", **group.wish())

    def do_drop(self, line, now):
        table = self.streams if line["mode"] == "multi" else self.groups
        catch = table.pop(line["pattern"])
        self.say("DROP", catch=catch.catch)
        if line["mode"] == "multi":
            catch.dropped()

    def do_send(self, line, now):
        return {"seq": self.outbox.send(line["event"], line["token"], line.get("until"))}

    def do_settle(self, line, now):
        self.groups[line["pattern"]].settle_now(line["seq"], line["behaviour"], now)

    def do_credit(self, line, now):
        group = self.groups[line["pattern"]]
        group.options["credit"] = line["credit"]
        self.say("CRED", catch=group.catch, credit=line["credit"])

    def do_beat(self, line, now):
        self.beating, self.heard_at = line["on"], now

    def do_raw(self, line, now):
        self.write(line["text"].encode())

    def do_goodbye(self, line, now):
        self.goodbye_token = line["token"]
        self.say("GBYE")

    def do_cut(self, line, now):
        self.detach()
        if not line.get("stay"):
            self.attach(now)

    def obey(self, text, now):
        line = json.loads(text)
        try:
            result = getattr(self, f"do_{line['do']}")(line, now)
        except Exception as why:  # whatever went wrong, the suite is told, not left waiting
            self.report("failed", token=line.get("token"), why=repr(why))
            return
        if line["do"] != "goodbye":
            self.report("done", token=line.get("token"), **(result or {}))

    # -- the loop

    def run(self):
        rest, stdin = b"", sys.stdin.fileno()
        self.poller.register(stdin, zmq.POLLIN)
        while True:
            ready = dict(self.poller.poll(10))
            now = time.monotonic()
            if stdin in ready:
                came = os.read(stdin, 1 << 20)
                if came == b"":
                    return
                *lines, rest = (rest + came).split(b"\n")
                for text in lines:
                    self.obey(text, now)
            self.drain(self.command, self.heard_command, now)
            self.drain(self.events, self.heard_event, now)
            self.tick(now)

    def drain(self, socket, hear, now):
        """Reads what is there. A handler may replace the sockets, so a closed one ends it."""
        while socket is not None and not socket.closed:
            try:
                parts = socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            hear(parts, now)


if __name__ == "__main__":
    Cell().run()
