"""One multicatch as its cell sees it: arming, order, holes and gaps (PROTOCOL.md §8)."""

from collections import OrderedDict

from ranges import missing_runs

MARK_WAIT = 0.5  # §8.4: no mark within this time, subscribe again
REPAIR_WAIT = 0.25  # how long an answer to MISS may take before the cell asks again
REPAIR_TRIES = 12  # then the hole is given up as a gap: 3 s, longer than a transmitter stalls
SEEN_MAX = 100_000  # events remembered to filter repeats; §8.6 carries no floor to forget them by

GONE = object()


class Stream:
    """
    `cell` is what it speaks through: say(word, **fields), report(kind, **fields), subscribe(topic), unsubscribe(topic).
    """

    def __init__(self, cell, pattern, reply=None):
        self.cell, self.pattern, self.reply = cell, pattern, reply
        self.catch = self.topic = self.expected = None
        self.armed, self.highest, self.mark_by = False, 0, None
        self.waiting, self.asked_at, self.tries = {}, None, 0
        self.seen = OrderedDict()

    def wish(self):
        return {"pattern": self.pattern, "mode": "multi"}

    @property
    def last(self):
        """Last number that was seen or given up; None before the first arming."""
        return None if self.expected is None else self.expected - 1

    def detach(self):
        self.armed, self.catch, self.mark_by = False, None, None

    def caught(self, fields, now):
        if self.topic != fields["topic"]:
            if self.topic is not None:
                self.cell.report("renumbered", pattern=self.pattern)
            self.topic, self.expected, self.highest = fields["topic"], None, 0
            self.waiting.clear()
        self.catch, self.mark_by = fields["catch"], now + MARK_WAIT
        self.cell.subscribe(self.topic)

    def dropped(self):
        self.cell.unsubscribe(self.topic)
        self.detach()

    def heard(self, first, count, word, fields, now):
        """Takes one message of the event socket."""
        if not self.armed:
            self.armed, self.mark_by = True, None
            if self.expected is None:
                self.expected = first
            self.cell.report("armed", pattern=self.pattern, next=first)
        if word in ("EVNT", "ERRO"):
            self.take(first, (word, fields), now)
        self.told_last(first + count - 1, now)

    def repaired(self, fields, now):
        """Takes one RPAR."""
        self.tries = 0
        for number in range(fields["first"], fields["first"] + fields["count"]):
            self.take(number, GONE if fields.get("gone") else ("EVNT", fields), now, repaired=True)
        self.ask(now)

    def take(self, number, what, now, repaired=False):
        if number < self.expected or number in self.waiting:
            return
        if number > self.expected and not repaired:
            self.cell.report("hole", pattern=self.pattern, first=self.expected, seen=number)
        self.waiting[number] = what
        self.highest = max(self.highest, number)
        self.drain()

    def drain(self):
        lost = 0
        while self.expected in self.waiting:
            what = self.waiting.pop(self.expected)
            self.expected += 1
            if what is GONE:
                lost += 1
                continue
            self.tell_gap(lost)
            lost = 0
            self.hand_over(*what)
        self.tell_gap(lost)

    def tell_gap(self, count):
        if count > 0:
            self.cell.report("gap", pattern=self.pattern, count=count)

    def hand_over(self, word, event):
        if word == "ERRO":
            self.cell.report("unreadable", pattern=self.pattern, code=event["code"], seq=event.get("seq"))
            return
        key = (event.get("sender", event["from"]["id"]), event["seq"])
        if key in self.seen:
            self.cell.report("filtered", pattern=self.pattern, mode="multi", seq=event["seq"])
            return
        self.seen[key] = True
        if len(self.seen) > SEEN_MAX:
            self.seen.popitem(last=False)
        self.cell.report("event", pattern=self.pattern, mode="multi", event=event)
        self.answer_gather(event, key)

    def answer_gather(self, event, key):
        """Replies to a gather (§12.5)."""
        if not event.get("ask", {}).get("gather") or self.reply is None:
            return
        self.cell.say("RPLY", catch=self.catch, to=key[0], seq=key[1], **self.reply)

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
        for first, count in holes:
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
        self.drain()
