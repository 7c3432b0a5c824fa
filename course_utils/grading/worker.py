"""What runs inside the sandbox: it calls answers and returns data.

Standard input holds a job, one line of JSON, and then submissions: a line with the
names of the answers that are wanted and the size of a notebook, and the notebook. What
comes back on standard output is lines of JSON.

The process that starts here imports what the answers need, once. It reads no submission
and runs none. For each one it forks a process that reads the notebook, and that forks
again to run a line of it. No other submission, no expected value and no secret is ever
in the memory of an answer, or anywhere else in the sandbox. A sandbox in which
something had to be ended, or was left behind, takes no further submission.
"""

import itertools
import json
import os
import re
import resource
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable

SANDBOXED = os.getpid() == 1  # the sandbox has process numbers of its own
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36
OUT_OF_MEMORY = 77  # the exit code that tells of a MemoryError
MEMORY = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+)", re.MULTILINE)
FILES = 10_000  # in /tmp
DEEPEST = 100  # nested data is read by recursion, in the grader too


def main() -> None:
    """Take the job, then one submission after the other."""
    job = json.loads(read_line(0))
    if job["uid"] is not None:
        os.setgroups([])
        os.setresgid(job["uid"], job["uid"], job["uid"])
        os.setresuid(job["uid"], job["uid"], job["uid"])
    sys.path[:0] = job["path"]
    keep_out()
    # The first process of a sandbox gets from inside no signal that it does not handle.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    from course_utils.exercises import declared
    from course_utils.grading import slicing  # noqa: F401

    exercises = declared(job["declaration"])
    before = in_tmp()
    for statement in job["preload"]:
        exec(statement, {})
    warm_up(job["given"])
    for name in in_tmp() - before:  # what the imports have left there
        path = f"/tmp/{name}"
        is_folder = os.path.isdir(path) and not os.path.islink(path)
        (shutil.rmtree if is_folder else os.remove)(path)
    files = files_in_tmp()
    say({"ready": True})
    while line := read_line(0):
        head = json.loads(line)
        child = os.fork()
        if child == 0:
            submission(head, exercises, job)
        clean = watch(child, len(head["names"]), job["limits"])
        clean = clean and in_tmp() == before and files_in_tmp() == files
        clean = clean and os.access("/tmp", os.W_OK)  # an answer may own it
        say({"end": True, "clean": clean})
        if not clean:
            return


def warm_up(given: dict[str, list]) -> None:
    """Do once what takes long at its first time: a product, and reading the inputs."""
    import numpy as np

    from course_utils.exercises import decode, encode

    np.ones((8, 8)) @ np.ones((8, 8))
    for cases in given.values():
        encode([decode(case) for case in cases])


def submission(head: dict, exercises: dict, job: dict) -> None:
    """Read a submission and write what its answers give; then end this process."""
    code = 1
    try:
        if SANDBOXED:
            prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans are this process' to end
        notebook = read_exactly(0, head["size"])
        code = 0 if grade(notebook, head["names"], exercises, job) else 1
    finally:
        sys.stdout.flush()
        os._exit(code)


def grade(notebook: bytes, names: list[str], exercises: dict, job: dict) -> bool:
    """Write what the answers of a notebook give; return whether nothing had to end."""
    from course_utils.grading.slicing import slices, statements

    limits = job["limits"]
    read = isolated(lambda: [slices(notebook, job["imports"], names)], limits)
    if read["status"] != "ok":
        say({"unreadable": read["reason"] or read["status"]})
        return False
    (found,) = read["said"]
    imports = statements(job["imports"])
    smooth = True
    for name in names:
        say({"begin": name})
        need, given = found[name], job["given"][name]
        if need is None:
            say({"name": name, "status": "missing", "results": [], "source": ""})
            continue
        texts = [imports[i].text for i in need["imports"]] + need["written"]
        done = isolated(lambda: answers(exercises[name], texts, given), limits)  # noqa: B023
        smooth = smooth and done["status"] == "ok"
        say(
            {
                "name": name,
                "status": done["status"],
                "results": done["said"][: len(given)],
                "source": "\n".join(need["written"]),
            }
        )
    return smooth


def watch(child: int, answers: int, limits: dict) -> bool:
    """Wait for the process of a submission; return whether it leaves nothing behind.

    It has limits of its own for what it runs. This one ends it where it was stopped or
    misled by that.
    """
    deadline = time.monotonic() + (answers + 2) * limits["wall"]
    grader = select.poll()
    grader.register(0, 0)  # tells only that the grader has closed it, or is no more
    for turn in itertools.count(1):
        gone, state = os.waitpid(child, os.WNOHANG)
        if gone:
            break
        late = time.monotonic() > deadline or grader.poll(0)
        look = SANDBOXED and turn % 10 == 0  # it takes long beside the rest
        if late or (look and memory_of_others() > 2 * limits["memory"]):
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    left = SANDBOXED and end_all()
    return not left and os.waitstatus_to_exitcode(state) == 0


def in_tmp() -> set[str]:
    """Return the names in the sandbox's ``/tmp``, which submissions must not share."""
    return set(os.listdir("/tmp")) if SANDBOXED else set()


def answers(exercise: object, texts: list[str], given: list) -> Iterable[object]:
    """Define an answer and yield what it gives in each case, as JSON takes it."""
    from course_utils.exercises import Raised, decode, encode, raised, result_of
    from course_utils.grading.slicing import define_answer

    try:
        answer = define_answer(texts, exercise.name)
    except MemoryError:
        raise
    except Exception as error:  # reported, whatever the code raises
        failure = encode(raised(error, None))
        yield from [failure] * len(given)
        return
    for arguments in given:
        result = result_of(exercise, answer, decode(arguments))
        if isinstance(result, Raised) and re.match(r"\w*MemoryError:", result.text):
            raise MemoryError
        yield encode(result, strict=False)


def read_line(file: int) -> bytes:
    """Return the next line of an open file, and read no further; at the end nothing."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(file, 1)
        if not byte:
            break
        line += byte
    return bytes(line)


def read_exactly(file: int, size: int) -> bytes:
    """Return the next `size` bytes of an open file, fewer at its end."""
    received = bytearray()
    while len(received) < size:
        data = os.read(file, size - len(received))
        if not data:
            break
        received += data
    return bytes(received)


def say(message: dict) -> None:
    """Write a line for the grader."""
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


def keep_out() -> None:
    """Keep the other processes of this user from tracing and reading this one."""
    prctl(PR_SET_DUMPABLE, 0)


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process, on Linux."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


# --------------------------------------------------------------------------------------
# Processes of their own
# --------------------------------------------------------------------------------------


def isolated(task: Callable[[], Iterable], limits: dict) -> dict:
    """Run `task` in a process of its own; return its ``status`` and what it ``said``.

    Parameters
    ----------
    task : callable
        Returns what to say, piece by piece, each of which JSON takes.
    limits : dict
        ``cpu`` and ``wall`` in seconds; ``memory``, ``output`` and ``file`` in bytes;
        ``processes``.

    The status is ``ok``, ``timeout``, ``oom``, ``output_limit`` or ``crash``. The
    ``reason`` is the message of a ValueError. In the sandbox, no process is left when
    this returns.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        run_limited(task, writer, limits)
    os.close(writer)
    os.set_blocking(reader, False)
    deadline = time.monotonic() + limits["wall"]
    received, status, code, used = bytearray(), None, None, 0.0
    more = [reader]
    while status is None and code is None:
        select.select(more, [], [], 0.02 if more else 0.001)
        if not receive(reader, received, limits["output"]):
            more = []  # its end is always ready
        gone, state, usage = os.wait4(child, os.WNOHANG)
        if gone:
            code = os.waitstatus_to_exitcode(state)
            used = usage.ru_utime + usage.ru_stime
        if len(received) > limits["output"]:
            status = "output_limit"
        elif time.monotonic() > deadline:
            status = "timeout"
        elif SANDBOXED and (
            memory_of_others() > limits["memory"] or files_in_tmp() > FILES
        ):
            status = "oom"
    if code is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if SANDBOXED:
        end_all()
    receive(reader, received, limits["output"])
    os.close(reader)
    said: list[dict | None] = []
    for line in bytes(received).split(b"\n")[:-1]:
        said.append(piece(line))
        if said[-1] is None:
            break
    last = said.pop() if said and "end" in (said[-1] or ()) else {}
    if status is None and last.get("end") is True and None not in said:
        status = "ok"
    elif status is None and (used >= limits["cpu"] or code == -signal.SIGXCPU):
        status = "timeout"
    elif status is None:
        status = "oom" if code == OUT_OF_MEMORY else "crash"
    said = [one["say"] for one in said if one is not None and "say" in one]
    return {"status": status, "said": said, "reason": last.get("reason")}


def piece(line: bytes) -> dict | None:
    """Return what a line of JSON says, ``None`` where it is damaged."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not {"say", "end"} & said.keys():
        return None
    return said if shallow(said) else None


def shallow(data: object) -> bool:
    """Return whether data is nested at most `DEEPEST` deep."""
    level = [data]
    for _ in range(DEEPEST):
        inside = [d.values() if isinstance(d, dict) else d for d in level]
        level = [d for ds in inside for d in ds if isinstance(d, dict | list)]
        if not level:
            return True
    return False


def run_limited(task: Callable[[], Iterable], writer: int, limits: dict) -> None:
    """Do `task` in this process, with limits; write what it says; end the process."""
    code, write, dumps, end = 1, os.write, json.dumps, os._exit

    def tell(message: dict) -> None:
        data = dumps(message).encode() + b"\n"
        while data:
            data = data[write(writer, data) :]

    try:
        nothing = os.open("/dev/null", os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.closerange(3, writer)
        os.closerange(writer + 1, 1024)
        limit(resource.RLIMIT_CPU, limits["cpu"], 1)
        limit(resource.RLIMIT_CORE, 0)
        limit(resource.RLIMIT_FSIZE, limits["file"])
        limit(resource.RLIMIT_NOFILE, 64)
        if SANDBOXED:
            limit(resource.RLIMIT_NPROC, limits["processes"])
            limit(resource.RLIMIT_AS, address_space() + limits["memory"])
        for said in task():
            tell({"say": said})
        tell({"end": True})
        code = 0
    except MemoryError:
        code = OUT_OF_MEMORY
    except ValueError as error:
        tell({"end": False, "reason": str(error)[:200]})
    finally:
        end(code)


def limit(kind: int, soft: int, more: int = 0) -> None:
    """Limit this process, for good."""
    _, most = resource.getrlimit(kind)
    hard = soft + more
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(kind, (soft, hard))


def receive(reader: int, received: bytearray, most: int) -> bool:
    """Read what is there, to not much more than `most` bytes; return if it goes on."""
    while len(received) <= most:
        try:
            data = os.read(reader, 1 << 16)
        except BlockingIOError:
            return True
        if not data:
            return False
        received += data
    return True


def address_space() -> int:
    """Return the size of this process' address space in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def memory_of_others() -> int:
    """Return the bytes of memory that all other processes of the sandbox hold."""
    others = {entry for entry in os.listdir("/proc") if entry.isdigit()}
    return sum(memory_of(f"/proc/{e}") for e in others - {"1", str(os.getpid())})


def memory_of(process: str) -> int:
    """Return the bytes of memory of the process with this folder in ``/proc``."""
    held = held_by(process)
    if held is None:  # its first thread has ended, and the others may hold what it held
        try:
            threads = os.listdir(f"{process}/task")
        except OSError:
            return 0
        held = max((held_by(f"{process}/task/{t}") or 0 for t in threads), default=0)
    return held


def held_by(thread: str) -> int | None:
    """Return the bytes that the memory of a thread holds, ``None`` if it has none."""
    try:
        with open(f"{thread}/status", "rb") as file:
            sizes = MEMORY.findall(file.read())
    except OSError:  # it has just ended
        return None
    return 1024 * sum(map(int, sizes)) if sizes else None


def files_in_tmp() -> int:
    """Return how many files ``/tmp`` holds: an empty one takes memory, too."""
    if not SANDBOXED:
        return 0
    status = os.statvfs("/tmp")
    return status.f_files - status.f_ffree


def end_all() -> bool:
    """End all processes of the sandbox but the first and this; return if any was."""
    found = False
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
            found = True
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except (ProcessLookupError, ChildProcessError):
            return found
        time.sleep(0.0005)


if __name__ == "__main__":
    main()
