"""A cell without our code: python3 cell.py [events [address [pattern]]]"""
import json, os, sys, zmq

wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 2
address = sys.argv[2] if len(sys.argv) > 2 else "tcp://127.0.0.1:5454"
pattern = sys.argv[3] if len(sys.argv) > 3 else "hello.*"
command, stream = zmq.Context.instance().socket(zmq.DEALER), zmq.Context.instance().socket(zmq.SUB)
command.linger, poller, caught, last = 500, zmq.Poller(), None, None
poller.register(command, zmq.POLLIN), poller.register(stream, zmq.POLLIN)

def say(word, **fields):
    command.send(f"J {word} {json.dumps(fields)}".encode())

command.connect(address)
say("HELO", v=1, id=os.urandom(20).hex(), service="python")
while wanted > 0:
    ready = dict(poller.poll(2000)) or sys.exit(f"nothing is heard from {address}")
    if command in ready:
        word, payload = command.recv().decode().split(" ", 2)[1:]
        fields = json.loads(payload)
        if word == "WLCM":
            stream.connect(fields["pub"]), stream.subscribe(fields["presence"] + " ")
            say("CTCH", pattern=pattern, mode="any"), say("CTCH", pattern=pattern, mode="multi")
        elif word == "CGHT" and fields["mode"] == "multi":
            caught, _ = fields["catch"], stream.subscribe(fields["topic"] + " ")
        elif word == "DLVR":
            wanted, _ = wanted - 1, print("any  ", fields["channel"], fields.get("data"), flush=True)
            say("SETL", outcome="ack", **{name: fields[name] for name in ("catch", "origin", "number", "attempt")})
        elif word == "BEAT":  # I live too, and have read the stream up to here
            say("BEAT", streams=[] if last is None else [[caught, last]])
        elif word in ("ERRO", "GBYE"):  # refused, or the transmitter drains
            sys.exit(payload)
    if stream in ready:
        (_, first, count), frame = (part.decode().split(" ", 2) for part in stream.recv_multipart())
        if last is None:  # armed: from here on we miss nothing, so say something
            say("EVNT", channel="hello.python", data={"n": 1}, seq=1)
        last, wanted = int(first) + int(count) - 1, wanted - int(count)
        if frame[1] == "EVNT":
            print("multi", json.loads(frame[2])["channel"], json.loads(frame[2]).get("data"), flush=True)
say("GBYE")
