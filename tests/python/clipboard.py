"""Another program that was copied from: has the clipboard until it ends. argv: the type of what was copied, and a file with it.

Prints a line once it has it.
"""

import ctypes
import sys
from ctypes import Structure, Union, byref, c_char_p, c_int, c_long, c_ulong, c_void_p

from x11 import atom, display, x

x.XCreateSimpleWindow.argtypes = [c_void_p, c_ulong, c_int, c_int, c_int, c_int, c_int, c_ulong, c_ulong]
x.XCreateSimpleWindow.restype = c_ulong
x.XSetSelectionOwner.argtypes = [c_void_p, c_ulong, c_ulong, c_ulong]
x.XNextEvent.argtypes = [c_void_p, c_void_p]
x.XChangeProperty.argtypes = [c_void_p, c_ulong, c_ulong, c_ulong, c_int, c_int, c_void_p, c_int]


class Request(Structure):
    _fields_ = [
        ("type", c_int), ("serial", c_ulong), ("send_event", c_int), ("display", c_void_p), ("owner", c_ulong),
        ("requestor", c_ulong), ("selection", c_ulong), ("target", c_ulong), ("property", c_ulong), ("time", c_ulong),
    ]


class Answer(Structure):
    _fields_ = [
        ("type", c_int), ("serial", c_ulong), ("send_event", c_int), ("display", c_void_p), ("requestor", c_ulong),
        ("selection", c_ulong), ("target", c_ulong), ("property", c_ulong), ("time", c_ulong),
    ]


class Event(Union):
    _fields_ = [("type", c_int), ("request", Request), ("answer", Answer), ("pad", c_long * 24)]


SELECTION_REQUEST, SELECTION_NOTIFY, REPLACE = 30, 31, 0
ATOM = 4

kind, content = atom(sys.argv[1].encode()), open(sys.argv[2], "rb").read()
targets = (c_ulong * 2)(atom(b"TARGETS"), kind)
window = x.XCreateSimpleWindow(display, x.XDefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0)
x.XSetSelectionOwner(display, atom(b"CLIPBOARD"), window, 0)
x.XSync(display, 0)
print("copied", flush=True)
while True:
    event = Event()
    x.XNextEvent(display, byref(event))
    if event.type != SELECTION_REQUEST:
        continue
    asked = event.request
    given = asked.property
    if asked.target == targets[0]:
        x.XChangeProperty(display, asked.requestor, given, ATOM, 32, REPLACE, targets, 2)
    elif asked.target == kind:
        x.XChangeProperty(display, asked.requestor, given, kind, 8, REPLACE, content, len(content))
    else:
        given = 0
    answer = Event()
    answer.answer = Answer(SELECTION_NOTIFY, 0, 1, display, asked.requestor, asked.selection, asked.target, given, asked.time)
    x.XSendEvent(display, asked.requestor, 0, 0, byref(answer))
    x.XSync(display, 0)
