"""Run the worker on a submission, in a sandbox made by bubblewrap.

The sandbox has no network, no file system but a read-only one without the submissions,
the solutions and the home directory, processes and a small ``/tmp`` of its own, and a
list of system calls that it refuses. See ``course doctor`` for whether it works here.
"""

from __future__ import annotations

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
        arguments += ["--unshare-user"]
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
        | {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
        | {name: os.environ[name] for name in passed if name in os.environ}
    )


def run_worker(
    job: dict, notebook: bytes, *, limits: Limits, sandboxed: bool = True
) -> list[dict]:
    """Run the worker on a notebook and return what it said.

    Parameters
    ----------
    job : dict
        ``imports``, ``declaration`` and ``given``, as the worker takes them.
    notebook : bytes
    limits : Limits
    sandboxed : bool
        Whether in the sandbox, or as any other program.

    Raises
    ------
    SandboxError
        When the worker did not get as far as the submission.
    """
    root = sandboxed and has_every_user()
    job = job | {
        "limits": asdict(limits),
        # A thread runs one sandbox at a time, and no other thread has its number.
        "uid": FIRST_UID + threading.get_native_id() if root else None,
        "path": ["/course" if sandboxed else str(PACKAGE.parent), *site_packages()],
    }
    python = ["-S", "-s", "-P", "-B"]
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as errors:
        stdin.write(json.dumps(job).encode() + b"\n" + notebook)
        stdin.seek(0)
        filters = os.memfd_create("seccomp") if sandboxed else None
        if sandboxed:
            os.write(filters, forbidden_calls())
            os.lseek(filters, 0, os.SEEK_SET)
            program = [
                *command(root),
                *("--seccomp", str(filters), sys._base_executable, *python),
                f"/course/course_utils/{WORKER}",
            ]
        else:
            program = [sys._base_executable, *python, str(PACKAGE / WORKER)]
        try:
            process = subprocess.Popen(
                program,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment(),
                pass_fds=[filters] if sandboxed else [],
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"{program[0]} did not start: {error}") from None
        finally:
            if filters is not None:
                os.close(filters)
        n = len(job["given"]) + 1
        try:
            received = _receive(
                process, seconds=30 + n * (limits.wall + 10), most=n * 2 * limits.output
            )
        finally:
            _end(process)
        try:
            lines = [json.loads(line) for line in received.split(b"\n")[:-1]]
        except ValueError:  # it was another program
            lines = []
        if not lines or lines[0] != {"ready": True}:
            errors.seek(0)
            raise SandboxError(
                errors.read(2000).decode(errors="replace").strip()
                or f"the worker ended with {process.returncode} before it was ready"
            )
    return lines[1:]


def _receive(process: subprocess.Popen, *, seconds: float, most: int) -> bytes:
    """Return what a process writes until it ends, or until a limit."""
    received, deadline = bytearray(), time.monotonic() + seconds
    while len(received) <= most and time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], [], [], 1.0)
        if ready:
            data = os.read(process.stdout.fileno(), 1 << 16)
            if not data:
                break
            received += data
    return bytes(received)


def _end(process: subprocess.Popen) -> None:
    """End a process, and all that it started and that did not leave its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()


# --------------------------------------------------------------------------------------
# System calls that are refused
# --------------------------------------------------------------------------------------

# Their numbers on (x86-64, ARM64), from the kernel's tables. Refused is what opens
# other namespaces, looks into other processes, slows or limits the one that watches, or
# holds memory that is counted for none.
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
