"""Eight ways to look into another process. Prints those that worked.

    look_into.py PID

A program of its own, because the tests run it as other users and in other
places.
"""

import ctypes
import os
import sys

PTRACE_ATTACH = 16
PTRACE_DETACH = 17
PIDFD_OPEN = 434
PIDFD_GETFD = 438

libc = ctypes.CDLL(None, use_errno=True)


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def opens(pid, name):
    with open(f"/proc/{pid}/{name}", "rb", buffering=0) as file:
        # Some are opened by everybody and then give nothing.
        return name == "mem" or len(file.read(1)) == 1


def process_vm_readv(pid):
    """Not whether there is something at that address, but whether it may."""
    local = ctypes.create_string_buffer(1)
    here = IoVec(ctypes.cast(local, ctypes.c_void_p), 1)
    there = IoVec(0x1000, 1)
    read = libc.process_vm_readv(pid, ctypes.byref(here), 1,
                                 ctypes.byref(there), 1, 0)
    return read >= 0 or ctypes.get_errno() not in (1, 13)  # EPERM, EACCES


def ptrace(pid):
    if libc.ptrace(PTRACE_ATTACH, pid, None, None) != 0:
        return False
    os.waitpid(pid, os.WUNTRACED)
    libc.ptrace(PTRACE_DETACH, pid, None, None)
    return True


def pidfd_getfd(pid):
    pidfd = libc.syscall(PIDFD_OPEN, pid, 0)
    if pidfd < 0:
        raise OSError("there is no such process")
    return libc.syscall(PIDFD_GETFD, pidfd, 0, 0) >= 0


PRIMITIVES = {
    "mem": lambda pid: opens(pid, "mem"),
    "environ": lambda pid: opens(pid, "environ"),
    "maps": lambda pid: opens(pid, "maps"),
    "fd": lambda pid: bool(os.listdir(f"/proc/{pid}/fd")),
    "exe": lambda pid: bool(os.readlink(f"/proc/{pid}/exe")),
    "process_vm_readv": process_vm_readv,
    "ptrace": ptrace,
    "pidfd_getfd": pidfd_getfd,
}


def succeeding(pid):
    worked = []
    for name, attempt in PRIMITIVES.items():
        try:
            if attempt(pid):
                worked.append(name)
        except PermissionError:
            pass
    return worked


if __name__ == "__main__":
    print(" ".join(succeeding(int(sys.argv[1]))))
