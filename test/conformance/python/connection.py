"""The two sockets of one attachment, and frames in encoding J on them (PROTOCOL.md §1, §3)."""

import json

import zmq
from zmq.utils.monitor import recv_monitor_message

CONTEXT = zmq.Context()
EVENTS_RETRY = 50  # ms; a command connection is not made again: nothing stale is sent on it
ENDS = (zmq.EVENT_DISCONNECTED, zmq.EVENT_CLOSED)


class Connection:
    """A DEALER and a SUB. Never revived: after a loss the cell makes a new one, so that nothing stale is queued."""

    def __init__(self, address, poller):
        self.poller, self.stood, self.lost, self.cut = poller, False, False, False
        self.command, self.events = CONTEXT.socket(zmq.DEALER), CONTEXT.socket(zmq.SUB)
        self.command.reconnect_ivl, self.events.reconnect_ivl = -1, EVENTS_RETRY
        for socket in (self.command, self.events):
            socket.linger = 0
            socket.sndhwm = socket.rcvhwm = 0  # a command that is dropped would never be answered
            poller.register(socket, zmq.POLLIN)
        self.monitors = [socket.get_monitor_socket() for socket in (self.command, self.events)]
        for monitor in self.monitors:
            poller.register(monitor, zmq.POLLIN)
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
        for socket, monitor in zip((self.command, self.events), self.monitors):
            self.poller.unregister(monitor)
            socket.disable_monitor()
            monitor.close()
        for socket in (self.command, self.events):
            self.poller.unregister(socket)
            socket.close()

    def watch(self):
        """
        Looks whether the connections stand. The event connection makes itself again; if that is refused after it stood,
        nobody is there any more, whatever the command connection shows (§9.8).
        """
        command, events = ([one["event"] for one in self._monitored(monitor)] for monitor in self.monitors)
        self.stood = self.stood or zmq.EVENT_CONNECTED in command
        self.lost = self.lost or any(event in ENDS for event in command)
        for event in events:
            self.lost = self.lost or (self.cut and event == zmq.EVENT_CLOSED)
            self.cut = event == zmq.EVENT_DISCONNECTED or (self.cut and event != zmq.EVENT_CONNECTED)

    def _monitored(self, monitor):
        while monitor.poll(0):
            yield recv_monitor_message(monitor)

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
