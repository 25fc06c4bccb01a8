"""What a cell has asked and waits for (PROTOCOL.md §12). A transmitter may be lost with the answer: the cell waits no
longer than it said, whatever it hears."""

AIR = 0.5  # how much longer than the transmitter a cell waits for TIMEOUT


class Asks:
    def __init__(self, cell):
        self.cell, self.open = cell, {}

    def ask(self, event, token, now):
        """Reports `answered` once, with `parts` and `replies` in order, and the `state` that ended it."""
        seq = self.cell.outbox.send(event, None, None)
        by = now + event["ask"]["timeoutMs"] / 1000 + AIR
        self.open[seq] = {"token": token, "by": by, "attempt": 0, "parts": [], "replies": [], "failed": [], "missing": []}

    def answered(self, fields):
        ask, state = self.open.get(fields["seq"]), fields["state"]
        if ask is None:
            return
        if state == "part":
            self.part(ask, fields)
        elif state == "expect":
            ask["missing"] += [cell["id"] for cell in fields["cells"]]
        elif state == "gone" or "from" in fields and ask["missing"]:
            self.replied(ask, fields)
        else:
            self.end(fields["seq"], **{word: fields[word] for word in ("state", "data", "bytes", "code", "message") if word in fields})

    def part(self, ask, fields):
        if fields["attempt"] < ask["attempt"]:
            return
        if fields["attempt"] > ask["attempt"]:  # another attempt begins the answer anew
            ask["attempt"], ask["parts"] = fields["attempt"], []
        ask["parts"].append(fields.get("data"))

    def replied(self, ask, fields):
        """One cell of a gather: it replied, failed, or is gone. Those that are gone stay missing."""
        if fields["state"] == "gone":
            return
        who = fields["from"]["id"]
        if who in ask["missing"]:
            ask["missing"].remove(who)
        if fields["state"] == "error":
            ask["failed"].append(who)
        else:
            ask["replies"].append({"from": who, "data": fields.get("data")})

    def end(self, seq, **how):
        ask = self.open.pop(seq)
        told = {word: ask[word] for word in ("token", "parts", "replies", "failed", "missing")}
        self.cell.report("answered", **told, **how)

    def tick(self, now):
        for seq in [seq for seq, ask in self.open.items() if now >= ask["by"]]:
            self.end(seq, state="error", code="TIMEOUT")
