"""Sets of sequence numbers as lists of (sender, first, last), the way claims write them (PROTOCOL.md §10.9)."""


def ranges_of(keys):
    """Joins (sender, seq) pairs into [sender, first, last] triples, in ascending order."""
    triples = []
    for sender, seq in sorted(keys):
        if triples and triples[-1][0] == sender and triples[-1][2] == seq - 1:
            triples[-1][2] = seq
        else:
            triples.append([sender, seq, seq])
    return triples


def missing_runs(present, first, last):
    """Lists (first, count) of each run of numbers in first … last that is not in `present`."""
    runs, at = [], first
    for number in sorted(n for n in present if first <= n <= last):
        if number > at:
            runs.append((at, number - at))
        at = number + 1
    if at <= last:
        runs.append((at, last - at + 1))
    return runs


class Seen:
    """The events that were seen, by sender: those below the sender's floor are known to be old, and forgotten (§7.4)."""

    def __init__(self):
        self.by_sender = {}

    def add(self, sender, seq, floor):
        """Tells whether the event is new."""
        known, seqs = self.by_sender.get(sender, (0, set()))
        if seq < known or seq in seqs:
            return False
        seqs.add(seq)
        if floor > known:
            seqs = {one for one in seqs if one >= floor}
        self.by_sender[sender] = (max(known, floor), seqs)
        return True
