"""
Drives a cell by lines of JSON on stdin, {"do": …, "token": …}, each answered by {"kind": "done" | "failed", "token": …};
what happens is reported as lines of JSON on stdout, {"kind": …}. It ends when stdin does.

| do | fields |
| --- | --- |
| connect | homes, service, id? |
| multicatch | pattern, reply? ({data} or {code, message}: how it replies to a gather) |
| anycatch | pattern, options?, behaviours? (see group.py) |
| drop | pattern, mode |
| send | event (fields of EVNT; seq and floor are filled in), until? (accepted or handled) |
| ask | event (with `ask`) |
| settle | pattern, seq, behaviour: settles what `hold` holds |
| goodbye | says GBYE and waits for the answer |
"""

import json
import os
import sys
import time

import zmq

from cell import Cell
from group import Group
from stream import Stream


class Driver:
    def __init__(self):
        self.cell = None

    def report(self, kind, **fields):
        print(json.dumps({"kind": kind, **fields}), flush=True)

    def do_connect(self, line, now):
        self.cell = Cell(line["service"], self.report, line.get("id"))
        self.cell.poller.register(sys.stdin.fileno(), zmq.POLLIN)
        self.cell.session.start(line["homes"], now)
        return {"id": self.cell.id}

    def do_multicatch(self, line, now):
        stream = self.cell.streams[line["pattern"]] = Stream(self.cell, line["pattern"], line.get("reply"))
        self.cell.ask_for(stream)

    def do_anycatch(self, line, now):
        group = Group(self.cell, line["pattern"], line.get("options", {}), line.get("behaviours"))
        self.cell.groups[line["pattern"]] = group
        self.cell.ask_for(group)

    def do_drop(self, line, now):
        table = self.cell.streams if line["mode"] == "multi" else self.cell.groups
        table.pop(line["pattern"]).drop()

    def do_send(self, line, now):
        return {"seq": self.cell.outbox.send(line["event"], line["token"], line.get("until"))}

    def do_ask(self, line, now):
        self.cell.asks.ask(line["event"], line["token"], now)

    def do_settle(self, line, now):
        self.cell.groups[line["pattern"]].settle_now(line["seq"], line["behaviour"], now)

    def do_goodbye(self, line, now):
        self.cell.session.state = "leaving"
        self.cell.say("GBYE")

    def obey(self, text, now):
        line = json.loads(text)
        try:
            result = getattr(self, f"do_{line['do']}")(line, now)
        except Exception as why:  # whatever went wrong, the suite is told, not left waiting
            self.report("failed", token=line.get("token"), why=repr(why))
            return
        self.report("done", token=line.get("token"), **(result or {}))

    def run(self):
        rest, stdin = b"", sys.stdin.fileno()
        while True:
            ready = [] if self.cell is None else [fd for fd, _ in self.cell.poller.poll(10)]
            now = time.monotonic()
            if self.cell is None or stdin in ready:
                came = os.read(stdin, 1 << 20)
                if came == b"":
                    return
                *lines, rest = (rest + came).split(b"\n")
                for text in lines:
                    self.obey(text, now)
            if self.cell is not None:
                self.cell.hear(now)
                self.cell.tick(now)


if __name__ == "__main__":
    Driver().run()
