"""One anycatch as its cell sees it: what it holds, how it settles, which repeats it filters (PROTOCOL.md §10)."""

from ranges import ranges_of

NAME = ("catch", "origin", "number", "attempt")
FINAL = ("ack", "reject")  # after these outcomes the same event is not handled again
DETAIL = ("reason", "result", "resultBytes", "outputs")
NAME_WAIT = 5.0  # §10.9: how long a delivery waits for its new name after a loss


class Delivery:
    """
    An event that this cell holds. `name` is how a settlement names it; None while the delivery has none: after a BACK,
    and between the loss of a transmitter and the new DLVR that answers a claim.
    """

    def __init__(self, key, event, name):
        self.key, self.event, self.name = key, event, name
        self.back, self.begun, self.due, self.behaviour = False, False, None, None
        self.progress_at, self.settlement, self.ref = None, None, None

    @property
    def acked_plainly(self):
        """Settled by an ack that carries nothing: such a one is claimed as settled, confirmed or not."""
        return self.settlement == {"outcome": "ack"}


class Group:
    """
    Behaviours are maps: `outcome` (ack, nack, release, reject, or hold: until `settle` is said), `delayMs`,
    `progressMs`, `parts` (bodies), `result`, `outputs`, `reason`. The first event gets the first one, and so on; the
    last one goes for all the rest.
    """

    def __init__(self, cell, pattern, options, behaviours):
        self.cell, self.pattern, self.options = cell, pattern, options
        self.behaviours = behaviours or [{"outcome": "ack"}]
        self.catch, self.ref, self.begun_count, self.names_by = None, None, 0, None
        self.held, self.settled, self.floors = {}, {}, {}

    def wish(self):
        return {"pattern": self.pattern, "mode": "any", **self.options}

    # -- losing and finding the transmitter

    def detach(self):
        """The names are void. What was not begun is forgotten; a plain ack that is not confirmed counts as settled."""
        self.catch = None
        for delivery in list(self.held.values()):
            delivery.name = delivery.ref = None
            if delivery.acked_plainly:
                self.confirmed(delivery)
            elif not delivery.begun:
                del self.held[delivery.key]

    def claim(self):
        """What HELO claims of this group (§10.9)."""
        held = [d.key for d in self.held.values() if not d.back]
        settled = [key for key, done in self.settled.items() if done["outcome"] == "ack"]
        return {"pattern": self.pattern, "held": ranges_of(held), "settled": ranges_of(settled)}

    def caught(self, fields, now):
        self.catch, self.names_by = fields["catch"], now + NAME_WAIT
        self.cell.report("armed", pattern=self.pattern)

    def drop(self):
        if self.catch is not None:
            self.cell.say("DROP", catch=self.catch)
        self.catch = None
        self.held.clear()

    # -- deliveries

    def delivered(self, fields, now):
        key = (fields.get("sender", fields["from"]["id"]), fields["seq"])
        self.forget_below(key[0], fields.get("floor", 0))
        name = {word: fields[word] for word in NAME}
        delivery = self.held.get(key)
        if delivery is not None:
            delivery.name, delivery.back = name, False
            self.send_settlement(delivery)
        elif key in self.settled:
            self.cell.say_settlement(self, None, {**name, **self.settled[key]})
        elif fields.get("claimed"):  # it is not here: perhaps it was handled and forgotten (§10.12)
            self.cell.say_settlement(self, None, {**name, "outcome": "release"})
        else:
            self.held[key] = Delivery(key, fields, name)
            self.begin(now)

    def forget_below(self, sender, floor):
        if floor <= self.floors.get(sender, 0):
            return
        self.floors[sender] = floor
        for key in [key for key in self.settled if key[0] == sender and key[1] < floor]:
            del self.settled[key]

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
        if "progressMs" in behaviour:
            delivery.progress_at = now + behaviour["progressMs"] / 1000
        if behaviour["outcome"] != "hold":
            delivery.due = now + behaviour.get("delayMs", 0) / 1000
        self.advance(delivery, now)

    def tick(self, now):
        for delivery in list(self.held.values()):
            if delivery.begun and delivery.settlement is None:
                self.advance(delivery, now)
        if self.names_by is not None and now >= self.names_by:
            self.names_by = None
            self.give_up_nameless()
        self.begin(now)

    def advance(self, delivery, now):
        if delivery.progress_at is not None and now >= delivery.progress_at:
            delivery.progress_at = now + delivery.behaviour["progressMs"] / 1000
            if delivery.name is not None:
                self.cell.say("PROG", **delivery.name)
        if delivery.due is not None and now >= delivery.due:
            self.settle(delivery, delivery.behaviour)

    def give_up_nameless(self):
        """Those that got no new name are another cell's; what was done is remembered, in case they come again."""
        for delivery in [one for one in self.held.values() if one.name is None]:
            if delivery.settlement is not None:
                self.confirmed(delivery)
            else:
                delivery.back = True

    # -- settlements

    def settle(self, delivery, behaviour):
        detail = {word: behaviour[word] for word in DETAIL if word in behaviour}
        delivery.settlement = {"outcome": behaviour["outcome"], **detail}
        if delivery.back:
            self.confirmed(delivery)  # taken back meanwhile: nothing to settle any more
        else:
            self.send_settlement(delivery)

    def send_settlement(self, delivery):
        if delivery.settlement is not None and delivery.name is not None:
            self.cell.say_settlement(self, delivery, {**delivery.name, **delivery.settlement})

    def settle_now(self, seq, behaviour, now):
        """Settles what a `hold` held, by the sequence number of the event."""
        for delivery in list(self.held.values()):
            if delivery.key[1] == seq and delivery.begun and delivery.settlement is None:
                self.settle(delivery, behaviour)
                self.begin(now)
                return
        raise ValueError(f"{self.pattern} holds no event {seq}")

    def confirmed(self, delivery):
        """The settlement stands, or cannot be made any more. A final one is remembered: repeats are not handled."""
        if self.held.get(delivery.key) is not delivery:
            return
        del self.held[delivery.key]
        if delivery.settlement["outcome"] in FINAL:
            self.settled[delivery.key] = delivery.settlement

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
