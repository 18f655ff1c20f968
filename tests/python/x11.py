"""The display of DISPLAY, through Xlib: what the other scripts here share."""

import ctypes
from ctypes import c_char_p, c_int, c_long, c_ulong, c_void_p

x = ctypes.CDLL("libX11.so.6")
x.XOpenDisplay.restype = c_void_p
x.XDefaultRootWindow.argtypes = [c_void_p]
x.XDefaultRootWindow.restype = c_ulong
x.XInternAtom.argtypes = [c_void_p, c_char_p, c_int]
x.XInternAtom.restype = c_ulong
x.XSendEvent.argtypes = [c_void_p, c_ulong, c_int, c_long, c_void_p]
x.XSync.argtypes = [c_void_p, c_int]

display = x.XOpenDisplay(None)
atom = lambda name: x.XInternAtom(display, name, 0)
