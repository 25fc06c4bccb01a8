"""One multicatch as its cell sees it: arming, order, holes and gaps (PROTOCOL.md §8)."""

from ranges import Seen, missing_runs

MARK_WAIT = 0.5  # §8.4: no mark within this time, subscribe again
REPAIR_WAIT = 0.25  # how long an answer to MISS may take before the cell asks again
TELL_MESSAGES = 64  # §8.10: how often a cell that reads much says how far it has come
REPAIR_TRIES = 12  # then the hole is given up as a gap: 3 s, longer than a transmitter stalls

GONE = ("GONE", None)
UNCOUNTED = ("UNCOUNTED", None)  # §18.12: it stands for nobody knows how many


class Stream:
    """
    Numbers below `expected` were handed over or given up; `waiting` has what came behind a hole. `asked_at` is when the
    last MISS was said whose answer is not done.
    """

    def __init__(self, cell, pattern, reply=None):
        self.cell, self.pattern, self.reply = cell, pattern, reply
        self.catch = self.ref = self.topic = self.expected = None
        self.armed, self.highest, self.mark_by = False, 0, None
        self.waiting, self.asked_at, self.tries, self.untold = {}, None, 0, 0
        self.seen, self.spans, self.gapped = Seen(), {}, False  # §8.11: first and newest event of each sender

    def wish(self):
        return {"pattern": self.pattern, "mode": "multi"}

    @property
    def last(self):
        """Last number that was seen or given up; None before the first arming."""
        return None if self.expected is None else self.expected - 1

    def detach(self):
        self.armed, self.catch, self.mark_by, self.asked_at = False, None, None, None

    def caught(self, fields, now):
        if self.topic != fields["topic"]:  # another topic is a new numbering: nobody knows what is missing between (§8.11)
            if self.expected is not None:
                self.give_up()
                self.gap()
            self.topic, self.expected, self.highest = fields["topic"], None, 0
            self.waiting.clear()
        self.catch, self.mark_by = fields["catch"], now + MARK_WAIT
        self.cell.subscribe(self.topic)

    def drop(self):
        if self.catch is not None:
            self.cell.say("DROP", catch=self.catch)
            self.cell.unsubscribe(self.topic)
        self.detach()

    def heard(self, first, count, word, fields, now):
        """Takes one message of the event socket."""
        if not self.armed:
            self.armed, self.mark_by = True, None
            if self.expected is None:
                self.expected = first
            self.cell.report("armed", pattern=self.pattern)
        if count > 0:
            self.keep(first, (word, fields))
            self.hand_over()
            self.tell_read()
        self.told_last(first + count - 1, now)

    def repaired(self, fields, now):
        """Takes one RPAR; what is still missing when the answer is done is asked for again."""
        self.tries = 0
        gone = UNCOUNTED if fields.get("uncounted") else GONE
        for number in range(fields["first"], fields["first"] + fields["count"]):
            self.keep(number, gone if fields.get("gone") else ("ERRO" if "code" in fields else "EVNT", fields))
        self.hand_over()
        if fields["done"]:
            self.ask(now)

    def keep(self, number, what):
        if self.expected is None or number < self.expected or number in self.waiting:
            return
        self.waiting[number] = what
        self.highest = max(self.highest, number)

    def hand_over(self):
        """Gives the handler what has no hole before it, in order."""
        lost = 0
        while self.expected in self.waiting:
            word, event = self.waiting.pop(self.expected)
            self.expected += 1
            if word == "GONE":
                lost += 1
                continue
            self.tell_gap(lost)
            lost = 0
            if word == "UNCOUNTED":
                self.gap()
            if word == "EVNT":  # an ERRO has the number of an event that J cannot say (§6.4)
                self.handle(event)
        self.tell_gap(lost)

    def tell_read(self):
        self.untold += 1
        if self.untold >= TELL_MESSAGES and self.catch is not None:
            self.untold = 0
            self.cell.say("BEAT", streams=[[self.catch, self.last]])

    def tell_gap(self, count):
        if count > 0:
            self.gap(count=count)

    def gap(self, **count):
        self.gapped = True
        self.cell.report("gap", pattern=self.pattern, **count)

    def handle(self, event):
        sender, seq = event.get("sender", event["from"]["id"]), event["seq"]
        first, newest = self.spans.get(sender, (seq, seq))
        self.spans[sender] = first, max(newest, seq)
        is_late = seq < first or (seq < newest and self.gapped)
        if not self.seen.add(sender, seq, event.get("floor", 0)) or is_late:
            return
        self.cell.report("event", pattern=self.pattern, mode="multi", event=event)
        if event.get("ask", {}).get("gather") and self.reply is not None:
            self.cell.say("RPLY", catch=self.catch, to=sender, seq=seq, **self.reply)

    def told_last(self, last, now):
        """A mark, an event or a BEAT names the last number: whatever is missing up to it is a hole (§8.5)."""
        if self.expected is None or not self.armed:
            return
        self.highest = max(self.highest, last)
        if self.asked_at is None:
            self.ask(now)

    def ask(self, now):
        holes = missing_runs(self.waiting, self.expected, self.highest)
        self.asked_at = now if holes else None
        if holes:
            first, count = holes[0]
            self.cell.say("MISS", catch=self.catch, first=first, count=count)

    def tick(self, now):
        if self.mark_by is not None and now >= self.mark_by:
            self.mark_by = now + MARK_WAIT
            self.cell.unsubscribe(self.topic)
            self.cell.subscribe(self.topic)
        if self.asked_at is not None and self.armed and now >= self.asked_at + REPAIR_WAIT:
            self.tries += 1
            if self.tries > REPAIR_TRIES:
                self.give_up()
            self.ask(now)

    def give_up(self):
        self.tries = 0
        for first, count in missing_runs(self.waiting, self.expected, self.highest):
            for number in range(first, first + count):
                self.waiting[number] = GONE
        self.hand_over()
