"""What a cell sent and may have to send again (PROTOCOL.md §2.3, §7.4, §11)."""

BUSY_WAIT = 0.1  # before a refused event is sent again under its number (§11.4)
KEPT = 2.0  # §11.5: how long events are kept beyond `handled`


class Outbox:
    def __init__(self, cell):
        self.cell, self.next = cell, 1
        self.open, self.recent, self.busy = {}, {}, {}

    def floor(self):
        """Events below are confirmed and will never be sent again: what is still kept is not below it."""
        return min([self.next, *self.open, *self.recent])

    def send(self, fields, token, until):
        """Numbers and sends one event; `sent` is reported when it reached `until` (accepted or handled)."""
        seq = fields.get("seq", self.next)
        self.next = max(self.next, seq + 1)
        self.open[seq] = {"fields": {**fields, "seq": seq}, "token": token, "until": until, "accepted": False}
        self.write(seq)
        return seq

    def write(self, seq):
        fields = self.open[seq]["fields"] if seq in self.open else self.recent[seq][1]
        self.cell.say("EVNT", **{"floor": self.floor(), **fields})

    def confirmed(self, fields, now):
        entry = self.open.get(fields.get("seq"))
        if entry is None:
            return
        seq, state = fields["seq"], fields["state"]
        if state == "refused" and fields.get("code") == "BUSY":
            self.busy[seq] = now + BUSY_WAIT
            return
        if state == "refused":
            self.end(seq, fields)
        elif state == "handled":
            self.recent[seq] = (now + KEPT, entry["fields"])
            self.end(seq, fields)
        elif entry["until"] == "accepted" and not entry["accepted"]:
            self.cell.report("sent", token=entry["token"], **fields)
        entry["accepted"] = True

    def end(self, seq, fields):
        entry = self.open.pop(seq)
        if fields["state"] == "refused" or entry["until"] == "handled" or not entry["accepted"]:
            self.cell.report("sent", token=entry["token"], **fields)

    def tick(self, now):
        for seq in [s for s, at in self.busy.items() if now >= at]:
            del self.busy[seq]
            if seq in self.open:
                self.write(seq)
        for seq in [s for s, (at, _) in self.recent.items() if now >= at]:
            del self.recent[seq]

    def attached(self, anew):
        """Repeats in ascending order; what was handled a moment ago too, if this transmitter knows nothing of it."""
        self.busy.clear()
        for seq in sorted([*self.open, *(self.recent if anew else ())]):
            self.write(seq)
