"""Makes another process make system calls, as a flaw in one of its libraries
would have it do: ptrace(2), for root, on x86-64.

gdb could do it as well, but not write the registers of every processor.
"""

import contextlib
import ctypes
import os

ATTACH, DETACH, SINGLESTEP, GETREGS, SETREGS = 16, 17, 9, 12, 13
RED_ZONE = 128  # below the stack pointer, and somebody's
SYSCALL = b"\x0f\x05"
REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi "
             "orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs")
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")

# arch/x86/entry/syscalls/syscall_64.tbl
OPEN, CLONE, FORK, VFORK, EXECVE, GETPID = 2, 56, 57, 58, 59, 39


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in REGISTERS.split()]


_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                         ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, pid, data=None):
    if _libc.ptrace(request, pid, None, data) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _await_stop(pid):
    _, status = os.waitpid(pid, 0x40000000)  # __WALL
    if not os.WIFSTOPPED(status):
        raise ChildProcessError("it has ended")


class Forced:
    """A process that is held while this is entered. It has to wait in a system
    call then, as what serves does nearly always."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        _ptrace(ATTACH, self.pid)
        _await_stop(self.pid)
        self.before = Registers()
        _ptrace(GETREGS, self.pid, ctypes.byref(self.before))
        self.memory = open(f"/proc/{self.pid}/mem", "r+b", buffering=0)
        self.memory.seek(self.before.rip - len(SYSCALL))
        if self.memory.read(len(SYSCALL)) != SYSCALL:
            self.__exit__()
            raise ChildProcessError("it is not in a system call")
        return self

    def __exit__(self, *_):
        self.memory.close()
        with contextlib.suppress(OSError):
            _ptrace(SETREGS, self.pid, ctypes.byref(self.before))
        _ptrace(DETACH, self.pid)

    def call(self, number, *arguments):
        """What the call returns: a negative errno when it fails. Bytes are
        put where it can read them."""
        registers = Registers.from_buffer_copy(self.before)
        room = self.before.rsp - RED_ZONE
        for name, value in zip(ARGUMENTS, arguments):
            if isinstance(value, bytes):
                room = (room - len(value) - 1) & ~15
                self.memory.seek(room)
                self.memory.write(value + b"\0")
                value = room
            setattr(registers, name, value)
        registers.rax = number
        registers.orig_rax = ctypes.c_ulonglong(-1).value  # nothing to restart
        registers.rip = self.before.rip - len(SYSCALL)
        _ptrace(SETREGS, self.pid, ctypes.byref(registers))
        _ptrace(SINGLESTEP, self.pid)
        _await_stop(self.pid)
        _ptrace(GETREGS, self.pid, ctypes.byref(registers))
        return ctypes.c_longlong(registers.rax).value
