"""Run the worker on a submission, in a sandbox made by bubblewrap.

The sandbox has no network, no file system but a read-only one without the submissions,
the solutions and the home directory, processes and a small ``/tmp`` of its own, and a
list of system calls that it refuses. See ``course doctor`` for whether it works here.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import platform
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from course_utils._environment import ENVIRONMENT

PACKAGE = Path(__file__).parents[1]
WORKER = "grading/worker.py"
FIRST_UID = 1 << 28  # when root grades, each sandbox has a user from here on


@dataclass(frozen=True)
class Limits:
    """What one answer may use: seconds, and bytes.

    Attributes
    ----------
    cpu, wall : int
        Seconds of processor time, and seconds by the clock.
    memory : int
        Bytes of memory of all its processes together.
    output : int
        Bytes of JSON that it may return.
    file : int
        Bytes in ``/tmp``.
    processes : int
    """

    cpu: int = 10
    wall: int = 60
    memory: int = 2 << 30
    output: int = 4 << 20
    file: int = 64 << 20
    processes: int = 64


START = 120  # seconds that a sandbox may take to start and to hear


class SandboxError(RuntimeError):
    """The sandbox itself failed, which is no fault of a submission."""


def command(every_user: bool) -> list[str]:
    """Return the command of bubblewrap, up to the program that it runs.

    Parameters
    ----------
    every_user : bool
        Whether the program may take on another user, see :func:`has_every_user`.
    """
    arguments = [
        shutil.which("bwrap") or "bwrap",
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
        *("--unshare-cgroup-try", "--as-pid-1", "--die-with-parent", "--new-session"),
        *("--hostname", "sandbox"),
        # Before all else, since the project may itself be in there.
        *("--perms", "1777", "--size", str(Limits.file), "--tmpfs", "/tmp"),
    ]
    if every_user:
        arguments += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        arguments += ["--unshare-user", "--cap-drop", "ALL"]  # a root has them all
    bound = {folder: folder for folder in [sys.base_prefix, *site_packages()]}
    bound = {f: f for f in bound if not Path(f).is_relative_to("/usr")}
    bound |= {str(PACKAGE): "/course/course_utils"}
    parents = {p for target in bound.values() for p in Path(target).parents}
    for parent in sorted(parents | {Path("/dev"), Path("/etc")}):
        arguments += ["--perms", "0755", "--dir", str(parent)]
    for folder in ("/usr", "/bin", "/lib", "/lib64"):
        if os.path.islink(folder):
            arguments += ["--symlink", os.readlink(folder), folder]
        else:
            arguments += ["--ro-bind-try", folder, folder]
    for name in ("/etc/alternatives", "/etc/ld.so.cache"):
        arguments += ["--ro-bind-try", name, name]
    for folder, target in bound.items():
        arguments += ["--ro-bind", folder, target]
    for device in ("/dev/null", "/dev/urandom"):
        arguments += ["--dev-bind", device, device]
    return [
        *arguments,
        *("--proc", "/proc"),
        *("--remount-ro", "/", "--chdir", "/tmp"),
    ]


def has_every_user() -> bool:
    """Return whether this is root, who can give each sandbox a user of its own.

    The kernel counts the processes of a user, and does not count those of root.
    """
    if os.geteuid() != 0:
        return False
    with open("/proc/self/uid_map") as file:
        return int(file.read().split()[2]) > 2 * FIRST_UID


def site_packages() -> list[str]:
    """Return the folders of installed packages."""
    return [p for p in sys.path if p.endswith("-packages") and os.path.isdir(p)]


def environment() -> dict[str, str]:
    """Return the environment of the worker; what names the processor is passed on."""
    passed = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ATEN_CPU_CAPABILITY")
    return (
        ENVIRONMENT
        | {"PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8"}
        | {name: os.environ[name] for name in passed if name in os.environ}
    )


class Sandbox:
    """A sandbox with a worker that has imported what the answers of a chapter need.

    Parameters
    ----------
    job : dict
        ``imports``, ``declaration``, ``preload``, ``given``, as the worker takes them.
    limits : Limits
    sandboxed : bool
        Whether in a sandbox, or as any other program.

    Raises
    ------
    SandboxError
        When it does not start.
    """

    def __init__(self, job: dict, *, limits: Limits, sandboxed: bool = True) -> None:
        self.clean = True
        self._limits = limits
        self._received = bytearray()
        every_user = sandboxed and has_every_user()
        job = job | {
            "limits": asdict(limits),
            "path": [
                "/course" if sandboxed else str(PACKAGE.parent),
                *site_packages(),
            ],
        }
        python = [sys._base_executable, "-S", "-s", "-P", "-B"]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        descriptors, program = [], [*python, str(PACKAGE / WORKER)]
        if sandboxed:
            descriptors = [os.memfd_create("seccomp")]
            os.write(descriptors[0], forbidden_calls())
            os.lseek(descriptors[0], 0, os.SEEK_SET)
            program = [
                *command(every_user),
                *("--seccomp", str(descriptors[0])),
                *(*python, f"/course/course_utils/{WORKER}"),
            ]
        try:
            self._process = subprocess.Popen(
                program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment(),
                pass_fds=descriptors,
                start_new_session=True,
            )
        except OSError as error:
            self._errors.close()
            raise SandboxError(f"{program[0]} did not start: {error}") from None
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        # No other sandbox has the number of this process while it is there.
        job["uid"] = FIRST_UID + self._process.pid if every_user else None
        os.set_blocking(self._process.stdin.fileno(), False)
        deadline = time.monotonic() + START
        self._write(json.dumps(job).encode() + b"\n", deadline)
        if self._message(deadline) != {"ready": True}:
            self._errors.seek(0)
            told = self._errors.read(2000).decode(errors="replace").strip()
            self.close()
            raise SandboxError(told or "the worker ended before it was ready")

    def run(self, notebook: bytes, names: list[str]) -> list[dict]:
        """Return what the worker says of the answers `names` of a notebook.

        The last message is ``{"end": True, ...}``, unless the sandbox was ended.
        """
        self.clean = False  # until the worker has said so
        deadline = time.monotonic() + START + (len(names) + 3) * self._limits.wall
        head = json.dumps({"names": names, "size": len(notebook)}).encode() + b"\n"
        self._write(head + notebook, deadline)
        most = len(self._received) + (len(names) + 1) * 2 * self._limits.output
        said = []
        while message := self._message(deadline, most):
            said.append(message)
            if message.get("end") is True:
                self.clean = message.get("clean") is True
                break
        return said

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the sandbox and all that is in it."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # by which an idle worker ends
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2 if self.clean else 0.2)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _write(self, data: bytes, deadline: float) -> None:
        """Write to the worker; what it does not take any more is lost."""
        view, file = memoryview(data), self._process.stdin.fileno()
        while view and time.monotonic() < deadline:
            _, ready, _ = select.select([], [file], [], 1.0)
            if ready:
                try:
                    view = view[os.write(file, view) :]
                except BrokenPipeError:
                    return

    def _message(self, deadline: float, most: int = 1 << 20) -> dict | None:
        """Return the next message; ``None`` when there is none in time, or too much."""
        file = self._process.stdout.fileno()
        while b"\n" not in self._received:
            ready, _, _ = select.select([file], [], [], 1.0)
            data = os.read(file, 1 << 16) if ready else b""
            if (ready and not data) or time.monotonic() > deadline:
                return None
            self._received += data
            if len(self._received) > most:
                return None
        line, _, self._received = self._received.partition(b"\n")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return None
        return message if isinstance(message, dict) else None


_idle: dict[str, list[Sandbox]] = {}
_lock = threading.Lock()


@contextlib.contextmanager
def borrowed(job: dict, *, limits: Limits, sandboxed: bool = True) -> Iterator[Sandbox]:
    """Lend a sandbox for `job`, one that waits for work or a new one.

    Raises
    ------
    SandboxError
        When a new one does not start.
    """
    kind = json.dumps([job, asdict(limits), sandboxed])
    with _lock:
        waiting = _idle.get(kind, [])
        sandbox = waiting.pop() if waiting else None
    if sandbox and not sandbox.alive:  # it ends with the thread that made it
        sandbox.close()
        sandbox = None
    sandbox = sandbox or Sandbox(job, limits=limits, sandboxed=sandboxed)
    try:
        yield sandbox
    finally:
        if sandbox.clean:
            with _lock:
                _idle.setdefault(kind, []).append(sandbox)
        else:
            sandbox.close()


def close_idle() -> None:
    """End the sandboxes that wait for work."""
    with _lock:
        every = [sandbox for waiting in _idle.values() for sandbox in waiting]
        _idle.clear()
    for sandbox in every:
        sandbox.close()


atexit.register(close_idle)


# --------------------------------------------------------------------------------------
# System calls that are refused
# --------------------------------------------------------------------------------------

# Their numbers on (x86-64, ARM64), from the kernel's tables. Refused is what opens
# other namespaces, looks into other processes, slows or limits the one that watches,
# or holds memory that is counted for none.
CALLS = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "socket": (41, 198),
    "socketpair": (53, 199),
}
CLONE, CLONE3, MMAP, PRLIMIT = (56, 220), (435, 435), (9, 222), (302, 261)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
NAMESPACES = 0x7E020000  # CLONE_NEW*
SHARED_ANONYMOUS = 0x21  # MAP_SHARED | MAP_ANONYMOUS


def forbidden_calls(machine: str | None = None) -> bytes:
    """Return the seccomp filter, a program of classic BPF instructions.

    Raises
    ------
    SandboxError
        On a machine whose system calls are not known here.
    """
    machine = machine or platform.machine()
    if machine not in MACHINES:
        raise SandboxError(
            f"the sandbox knows the system calls of {' and '.join(MACHINES)}, not of "
            f"{machine}"
        )
    column, architecture = MACHINES[machine]
    # struct seccomp_data: the call at 0, the architecture at 4, the arguments from 16.
    call, arch, first, fourth = 0, 4, 16, 40
    load, equal, at_least, masked, ret = 0x20, 0x15, 0x35, 0x54, 0x06
    allow, refuse, absent = 0x7FFF0000, 0x00050001, 0x00050026  # EPERM, ENOSYS
    program = [
        (load, 0, 0, arch),
        (equal, 1, 0, architecture),
        (ret, 0, 0, refuse),
        (load, 0, 0, call),
        (at_least, 0, 1, 0x40000000),  # the x32 calls of x86-64
        (ret, 0, 0, refuse),
    ]
    for numbers in CALLS.values():
        program += [(equal, 0, 1, numbers[column]), (ret, 0, 0, refuse)]
    program += [
        (equal, 0, 1, CLONE3[column]),
        (ret, 0, 0, absent),  # its arguments cannot be read here: C then takes clone
        (equal, 0, 4, PRLIMIT[column]),
        (load, 0, 0, first),
        (equal, 0, 1, 0),  # a process may limit itself
        (ret, 0, 0, allow),
        (ret, 0, 0, refuse),
        (equal, 0, 4, CLONE[column]),
        (load, 0, 0, first),
        (masked, 0, 0, NAMESPACES),
        (equal, 5, 0, 0),
        (ret, 0, 0, refuse),
        (equal, 0, 3, MMAP[column]),
        (load, 0, 0, fourth),
        (masked, 0, 0, SHARED_ANONYMOUS),
        (equal, 1, 0, SHARED_ANONYMOUS),
        (ret, 0, 0, allow),
        (ret, 0, 0, refuse),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
