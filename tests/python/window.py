"""What a window manager does with a window or knows of it, and what a hand does with the mouse. argv: an order, a part of the
window's title, and what the order needs.

close       presses its close button: sends what a window manager sends when a person does
startup-id  prints what its app was told by what brought it to the front
move X Y    puts it there on the screen
point X Y   moves the pointer there, in pixels of the window
button D    presses the first button (1), or lets it go (0)
key NAMES   presses these keys at once, for what has the focus there: names of keysyms with + between them
"""

import ctypes
import sys
from ctypes import POINTER, Structure, Union, byref, c_char_p, c_int, c_long, c_ubyte, c_uint, c_ulong, c_void_p

from x11 import atom, display, x

x.XQueryTree.argtypes = [c_void_p, c_ulong, POINTER(c_ulong), POINTER(c_ulong), POINTER(POINTER(c_ulong)), POINTER(c_uint)]
x.XGetWindowProperty.argtypes = [
    c_void_p, c_ulong, c_ulong, c_long, c_long, c_int, c_ulong,
    POINTER(c_ulong), POINTER(c_int), POINTER(c_ulong), POINTER(c_ulong), POINTER(c_void_p),
]
x.XMoveWindow.argtypes = [c_void_p, c_ulong, c_int, c_int]
x.XTranslateCoordinates.argtypes = [c_void_p, c_ulong, c_ulong, c_int, c_int, POINTER(c_int), POINTER(c_int), POINTER(c_ulong)]
xtst = ctypes.CDLL("libXtst.so.6")
xtst.XTestFakeMotionEvent.argtypes = [c_void_p, c_int, c_int, c_int, c_ulong]
x.XStringToKeysym.argtypes = [c_char_p]
x.XStringToKeysym.restype = c_ulong
x.XKeysymToKeycode.argtypes = [c_void_p, c_ulong]
x.XKeysymToKeycode.restype = c_ubyte
x.XSetInputFocus.argtypes = [c_void_p, c_ulong, c_int, c_ulong]
xtst.XTestFakeKeyEvent.argtypes = [c_void_p, c_uint, c_int, c_ulong]
xtst.XTestFakeButtonEvent.argtypes = [c_void_p, c_uint, c_int, c_ulong]


class ClientMessage(Structure):
    _fields_ = [
        ("type", c_int), ("serial", c_ulong), ("send_event", c_int), ("display", c_void_p), ("window", c_ulong),
        ("message_type", c_ulong), ("format", c_int), ("data", c_long * 5),
    ]


class Event(Union):
    _fields_ = [("client", ClientMessage), ("pad", c_long * 24)]




def property_of(window, name):
    kind, form, count, left, data = c_ulong(), c_int(), c_ulong(), c_ulong(), c_void_p()
    x.XGetWindowProperty(
        display, window, atom(name), 0, 1024, 0, 0, byref(kind), byref(form), byref(count), byref(left), byref(data)
    )
    if not data.value:
        return b""
    return ctypes.string_at(data, count.value * (8 if form.value == 32 else form.value // 8))


def windows(window):
    yield window
    root, parent, below, count = c_ulong(), c_ulong(), POINTER(c_ulong)(), c_uint()
    x.XQueryTree(display, window, byref(root), byref(parent), byref(below), byref(count))
    for i in range(count.value):
        yield from windows(below[i])


def press_close(window):
    event = Event()
    event.client.type = 33
    event.client.window = window
    event.client.message_type = atom(b"WM_PROTOCOLS")
    event.client.format = 32
    event.client.data[0] = atom(b"WM_DELETE_WINDOW")
    x.XSendEvent(display, window, 0, 0, byref(event))


def point(window, at_x, at_y):
    left, top, child = c_int(), c_int(), c_ulong()
    x.XTranslateCoordinates(display, window, x.XDefaultRootWindow(display), at_x, at_y, byref(left), byref(top), byref(child))
    xtst.XTestFakeMotionEvent(display, -1, left.value, top.value, 0)


order, title = sys.argv[1], sys.argv[2].encode()
found = [w for w in windows(x.XDefaultRootWindow(display)) if title in property_of(w, b"_NET_WM_NAME") and property_of(w, b"WM_PROTOCOLS")]
if len(found) != 1:
    sys.exit(f"{len(found)} windows are called {sys.argv[2]}")
if order == "close":
    press_close(found[0])
elif order == "startup-id":
    print(property_of(found[0], b"_NET_STARTUP_ID").decode())
elif order == "move":
    x.XMoveWindow(display, found[0], int(sys.argv[3]), int(sys.argv[4]))
elif order == "point":
    point(found[0], int(sys.argv[3]), int(sys.argv[4]))
elif order == "button":
    xtst.XTestFakeButtonEvent(display, 1, int(sys.argv[3]), 0)
elif order == "key":
    x.XSetInputFocus(display, found[0], 2, 0)
    keys = [x.XKeysymToKeycode(display, x.XStringToKeysym(name)) for name in sys.argv[3].encode().split(b"+")]
    for key in keys:
        xtst.XTestFakeKeyEvent(display, key, 1, 0)
    for key in reversed(keys):
        xtst.XTestFakeKeyEvent(display, key, 0, 0)
x.XSync(display, 0)
