"""What a cell sent and may have to send again (PROTOCOL.md §2.3, §7.4, §7.8, §11)."""

BUSY_WAIT = 0.1  # before a refused event is sent again under its number (§11.4)
KEPT = 2.0  # §11.5: how long events are kept beyond `handled`
SILENCE_MAX = 0.5  # §11.5: so much of a silence counts for that


class Outbox:
    """`open` has what is not confirmed for good, `recent` what is handled and still kept, both by number."""

    def __init__(self, cell):
        self.cell, self.next = cell, 1
        self.open, self.recent, self.busy = {}, {}, {}
        self.clock, self.heard_at = 0.0, 0.0  # for how long a transmitter has been heard

    def floor(self):
        """Events below are confirmed and will never be sent again: what is still kept is not below it."""
        return min([self.next, *self.open, *self.recent])

    def send(self, fields, token, until):
        """Numbers an event and sends it; `sent` is reported when it reached `until` (accepted or handled)."""
        seq = self.next
        self.next += 1
        self.open[seq] = {"fields": fields, "token": token, "until": until, "said": False, "matched": None}
        if self.cell.session.state == "welcome":
            self.write(seq, repeat=False)
        return seq

    def write(self, seq, repeat):
        entry = self.open[seq] if seq in self.open else self.recent[seq][1]
        again = {"repeat": True} if repeat and entry["said"] else {}
        if seq in self.recent:
            again["handled"] = True  # §7.10: no group needs it any more
        entry["said"] = True
        self.cell.say("EVNT", seq=seq, floor=min(seq, self.floor()), **again, **entry["fields"])

    def heard(self, now):
        """Time has passed in which the transmitter lived."""
        self.clock += min(now - self.heard_at, SILENCE_MAX)
        self.heard_at = now
        for seq in [seq for seq, (until, _) in self.recent.items() if self.clock >= until]:
            del self.recent[seq]

    def confirmed(self, fields, now):
        entry = self.open.get(fields["seq"])
        if entry is None:
            return
        seq, state = fields["seq"], fields["state"]
        if state == "refused" and fields.get("code") == "BUSY":
            self.busy[seq] = now + BUSY_WAIT
        elif state == "refused":
            self.refused(fields)
        elif state == "accepted":
            first, entry["matched"] = entry["matched"] is None, fields.get("matched", 0)
            if first and entry["until"] == "accepted":
                self.tell(seq, entry, state)
        elif state == "handled":
            self.recent[seq] = (self.clock + KEPT, self.open.pop(seq))
            if entry["until"] == "handled" or entry["matched"] is None:
                self.tell(seq, entry, state)

    def refused(self, fields):
        """For good: by CNFM, or by ERRO for a command that was wrong."""
        entry = self.open.pop(fields.get("seq"), None)
        if entry is not None:
            self.tell(fields["seq"], entry, "refused", code=fields["code"])

    def tell(self, seq, entry, state, **more):
        self.cell.report("sent", token=entry["token"], seq=seq, state=state, matched=entry["matched"], **more)

    def tick(self, now):
        if self.cell.session.state == "welcome":
            for seq in [seq for seq, at in self.busy.items() if now >= at]:
                del self.busy[seq]
                if seq in self.open:
                    self.write(seq, repeat=False)

    def attached(self, anew):
        """Repeats in ascending order; what was handled a moment ago too, if this transmitter knows nothing of it."""
        self.busy.clear()
        for seq in sorted([*self.open, *(self.recent if anew else ())]):
            self.write(seq, repeat=True)
