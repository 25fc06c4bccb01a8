"""The two sockets of one attachment, and frames in encoding J on them (PROTOCOL.md §1, §3)."""

import json

import zmq

CONTEXT = zmq.Context()


class Connection:
    """A DEALER and a SUB. Never revived: after a loss the cell makes a new one, so that nothing stale is queued."""

    def __init__(self, address, poller):
        self.poller = poller
        self.command, self.events = CONTEXT.socket(zmq.DEALER), CONTEXT.socket(zmq.SUB)
        for socket in (self.command, self.events):
            socket.linger = 0
            socket.sndhwm = socket.rcvhwm = 0  # a command that is dropped would never be answered
            poller.register(socket, zmq.POLLIN)
        self.command.connect(address)

    def open_events(self, address):
        self.events.connect(address)

    def subscribe(self, topic):
        self.events.subscribe(f"{topic} ")

    def unsubscribe(self, topic):
        self.events.unsubscribe(f"{topic} ")

    def say(self, word, fields):
        text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
        self.write(f"J {word} {text}".encode())

    def write(self, part):
        try:
            self.command.send(part, zmq.DONTWAIT)
        except zmq.Again:
            pass  # no connection: silence ends the attachment, and what is not confirmed is sent again

    @property
    def open(self):
        return not self.command.closed

    def close(self, linger=0):
        if not self.open:
            return
        self.command.linger = linger
        for socket in (self.command, self.events):
            self.poller.unregister(socket)
            socket.close()

    def commands(self):
        """The commands that are there, as (word, fields)."""
        for parts in self._received(self.command):
            word, payload = parts[-1].decode().split(" ", 2)[1:]
            yield word, json.loads(payload)

    def messages(self):
        """The messages of the event socket that are there, as (topic, first, count, word, fields)."""
        for parts in self._received(self.events):
            topic, first, count = parts[0].decode().split(" ")
            word, payload = parts[1].decode().split(" ", 2)[1:]
            yield topic, int(first), int(count), word, json.loads(payload)

    def _received(self, socket):
        while not socket.closed:
            try:
                yield socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
