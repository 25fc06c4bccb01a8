"""Which transmitter to try next, and when (PROTOCOL.md §9.8)."""

import random

SPREAD = 0.04  # a moment of each cell's own, so that not all of them come at once
ROUND_MIN, ROUND_MAX = 0.02, 0.4  # after a round over all addresses, doubling
LEARNED_MAX = 256


class Homes:
    """`given` stay; `learned` are those that the newest welcome and beats since then named. `round` is what is still to be tried."""

    def __init__(self, given):
        self.given, self.learned = list(given), []
        self.address, *self.round = self.given
        self.round_wait = ROUND_MIN

    def others(self):
        """All but the present one, in an order drawn anew."""
        known = {*self.given, *self.learned} - {self.address}
        return random.sample(sorted(known), len(known))

    def welcomed(self, transmitters):
        self.learned, self.round_wait = transmitters[:LEARNED_MAX], ROUND_MIN

    def learn_more(self, transmitters):
        """Those before may only be cut off from the home that names these."""
        self.learned = list(dict.fromkeys([*transmitters, *self.learned]))[:LEARNED_MAX]

    def lost(self, away, successors=(), named=()):
        """A home is lost. Tells how long to wait; its successor, and then those that it has named, in an order drawn
        too, are tried before all others."""
        then = [one for one in named if one not in successors]
        first = [*successors, *random.sample(then, len(then))]
        rest = [one for one in self.others() if one not in first]
        if away or first:
            self.address, *self.round = [*first, *rest, self.address]
        else:
            self.round = rest
        return random.random() * SPREAD

    def failed(self):
        """The present one cannot be had. Tells how long to wait for the next one."""
        if self.round:
            self.address, *self.round = self.round
            return random.random() * SPREAD
        self.address, *self.round = [*self.others(), self.address]
        wait, self.round_wait = self.round_wait, min(self.round_wait * 2, ROUND_MAX)
        return wait * (0.5 + random.random())
