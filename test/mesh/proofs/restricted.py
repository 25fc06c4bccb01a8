"""Runs a command as a unit of systemd with RestrictAddressFamilies= would: no other socket can be made.

usage: restricted.py "AF_INET AF_UNIX" COMMAND [ARGUMENT ...]
"""

import ctypes
import errno
import os
import platform
import socket
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000
SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]


class Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort),
        ("jump_true", ctypes.c_ubyte),
        ("jump_false", ctypes.c_ubyte),
        ("value", ctypes.c_uint),
    ]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("first", ctypes.POINTER(Instruction))]


def program(families):
    """Lets every call pass but socket() of another family, which fails as systemd has it fail."""
    count = len(families)
    call, family = [(LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 0, count + 2, SOCKET)], [(LOAD, 0, 0, 16)]
    known = [(JUMP_IF_EQUAL, count - at, 0, number) for at, number in enumerate(families)]
    ends = [(RETURN, 0, 0, FAIL | errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]
    rows = call + family + known + ends
    return Program(len(rows), (Instruction * len(rows))(*rows))


libc = ctypes.CDLL(None, use_errno=True)
rules = program([getattr(socket, name) for name in sys.argv[1].split()])
for option in [(PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, 2, ctypes.byref(rules))]:
    if libc.prctl(*option, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[2], sys.argv[2:])
