"""One anycatch as its cell sees it: what it holds, how it settles, which repeats it filters (PROTOCOL.md §10)."""

from ranges import ranges_of

NAME = ("catch", "origin", "number", "attempt")
FINAL = ("ack", "reject")  # after these outcomes the same event is not handled again
DETAIL = ("reason", "result", "resultBytes", "outputs")


class Delivery:
    """
    An event that this cell holds. `name` is how a settlement names it; None while the delivery has none: after a BACK,
    and between the loss of a transmitter and the new DLVR that answers a claim.
    """

    def __init__(self, key, event):
        self.key, self.event = key, event
        self.name, self.back = None, False
        self.begun, self.due, self.behaviour = False, None, None
        self.settlement, self.ref = None, None


class Group:
    """
    Behaviours are maps: `outcome` (ack, nack, release, reject, or hold: until `settle` is said), `delayMs`,
    `progressMs`, `parts` (bodies), `result`, `outputs`, `reason`. The first event gets the first one, and so on; the
    last one goes for all the rest.
    """

    def __init__(self, cell, pattern, options, behaviours):
        self.cell, self.pattern, self.options = cell, pattern, options
        self.behaviours = behaviours or [{"outcome": "ack"}]
        self.catch, self.begun_count = None, 0
        self.held, self.settled, self.by_ref = {}, {}, {}

    def wish(self):
        return {"pattern": self.pattern, "mode": "any", **self.options}

    def claim(self):
        """What HELO claims of this group (§10.9). Settlements that were not confirmed are claimed as held."""
        held = [d.key for d in self.held.values() if not d.back]
        return {"pattern": self.pattern, "held": ranges_of(held), "settled": ranges_of(self.settled)}

    def detach(self):
        self.catch = None
        self.by_ref.clear()
        for delivery in self.held.values():
            delivery.name = delivery.ref = None
        for key in [d.key for d in self.held.values() if not d.begun]:
            del self.held[key]

    def caught(self, fields, _now):
        self.catch = fields["catch"]

    def delivered(self, fields, now):
        key = (fields.get("sender", fields["from"]["id"]), fields["seq"])
        self.forget_below(key[0], fields.get("floor", 0))
        name = {word: fields[word] for word in NAME}
        delivery = self.held.get(key)
        if delivery is not None:
            delivery.name, delivery.back = name, False
            self.cell.report("renamed", pattern=self.pattern, seq=key[1], claimed=fields.get("claimed", False), **name)
            self.send_settlement(delivery)
        elif key in self.settled:
            self.cell.report("filtered", pattern=self.pattern, mode="any", seq=key[1])
            self.cell.say_settlement(self, None, {**name, **self.settled[key]})
        else:
            delivery = self.held[key] = Delivery(key, fields)
            delivery.name = name
            self.begin(now)

    def forget_below(self, sender, floor):
        for table in (self.settled, self.held):
            for key in [k for k in table if k[0] == sender and k[1] < floor]:
                if table is self.settled or table[key].back:
                    del table[key]

    def begin(self, now):
        """Begins deliveries in the order they came, at most `concurrency` at once (§10.5)."""
        running = sum(1 for d in self.held.values() if d.begun and d.settlement is None)
        for delivery in list(self.held.values()):
            if running >= self.options.get("concurrency", 1):
                return
            if not delivery.begun:
                running += 1
                self.start(delivery, now)

    def start(self, delivery, now):
        behaviour = self.behaviours[min(self.begun_count, len(self.behaviours) - 1)]
        self.begun_count += 1
        delivery.begun, delivery.behaviour = True, behaviour
        self.cell.report("event", pattern=self.pattern, mode="any", event=delivery.event)
        for index, part in enumerate(behaviour.get("parts", [])):
            self.cell.say("RPLY", index=index, data=part, **delivery.name)
        delivery.progress_at = now + behaviour["progressMs"] / 1000 if "progressMs" in behaviour else None
        delivery.due = None if behaviour["outcome"] == "hold" else now + behaviour.get("delayMs", 0) / 1000
        self.tick(now)

    def tick(self, now):
        for delivery in list(self.held.values()):
            if not delivery.begun or delivery.settlement is not None:
                continue
            if delivery.progress_at is not None and now >= delivery.progress_at:
                delivery.progress_at = now + delivery.behaviour["progressMs"] / 1000
                if delivery.name is not None:
                    self.cell.say("PROG", **delivery.name)
            if delivery.due is not None and now >= delivery.due:
                self.settle(delivery, delivery.behaviour)
                self.begin(now)

    def settle(self, delivery, behaviour):
        detail = {word: behaviour[word] for word in DETAIL if word in behaviour}
        delivery.settlement = {"outcome": behaviour["outcome"], **detail}
        self.send_settlement(delivery)

    def send_settlement(self, delivery):
        if delivery.settlement is not None and delivery.name is not None:
            delivery.ref = self.cell.say_settlement(self, delivery, {**delivery.name, **delivery.settlement})

    def settle_now(self, seq, behaviour, now):
        """Settles what a `hold` held, by the sequence number of the event."""
        for delivery in list(self.held.values()):
            if delivery.key[1] == seq and delivery.begun and delivery.settlement is None:
                self.settle(delivery, behaviour)
                self.begin(now)
                return
        raise ValueError(f"{self.pattern} holds no event {seq}")

    def confirmed(self, delivery):
        """CNFM settled: the settlement stands."""
        if self.held.pop(delivery.key, None) is not None and delivery.settlement["outcome"] in FINAL:
            self.settled[delivery.key] = delivery.settlement

    def refused(self, delivery):
        """ERRO for a settlement: it changed nothing. What was done is remembered, in case the event comes again."""
        self.confirmed(delivery)

    def taken_back(self, fields):
        """BACK (§5.5): the names are void. What was not begun is forgotten; what runs goes on without a name."""
        numbers = range(fields["number"], fields["number"] + fields["count"])
        for delivery in list(self.held.values()):
            name = delivery.name
            if name is None or name["origin"] != fields["origin"] or name["number"] not in numbers:
                continue
            if name["attempt"] > fields["attempt"]:
                continue
            delivery.name, delivery.back = None, True
            if not delivery.begun:
                del self.held[delivery.key]
