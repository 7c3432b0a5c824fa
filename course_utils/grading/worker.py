"""What runs inside the sandbox: it calls a submission's answers and returns data.

Standard input holds a job, one line of JSON, and then the bytes of a notebook. What
comes back on standard output is lines of JSON.

This process never runs a line of the submission. It reads what an exercise needs from
the notebook, and calls each answer, in processes of their own that it limits and ends.
Whatever those do, they can say no more than data: no expected value, no other
submission and no secret is in the sandbox.
"""

import json
import os
import re
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable

SUPERVISOR = os.getpid()  # 1 in the sandbox, which has process numbers of its own
OUT_OF_MEMORY = 77  # the exit code that tells of a MemoryError
MEMORY = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+)", re.MULTILINE)
DEEPEST = 100  # nested data is read by recursion, in the grader too


def main() -> None:
    """Read the job, do it, and write the answers."""
    job = json.loads(sys.stdin.buffer.readline())
    notebook = sys.stdin.buffer.read()
    if job["uid"] is not None:
        os.setgroups([])
        os.setresgid(job["uid"], job["uid"], job["uid"])
        os.setresuid(job["uid"], job["uid"], job["uid"])
    sys.path[:0] = job["path"]
    keep_out()
    # The first process of a sandbox gets from inside no signal that it does not handle.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    from course_utils.exercises import declared
    from course_utils.grading.slicing import slices, statements

    exercises = declared(job["declaration"])
    limits, names = job["limits"], list(job["given"])
    say({"ready": True})

    read = isolated(lambda: [slices(notebook, job["imports"], names)], limits)
    if read["status"] != "ok":
        say({"unreadable": read["reason"] or read["status"]})
        return
    (found,) = read["said"]
    imports = statements(job["imports"])
    for need in filter(None, found.values()):
        for text in (imports[i].text for i in need["imports"]):
            if text.startswith(("import ", "from ")):
                exec(text, {})  # once for all answers: this is the chapter's own text
    for name in names:
        need, given = found[name], job["given"][name]
        if need is None:
            say({"name": name, "status": "missing", "results": [], "source": ""})
            continue
        texts = [imports[i].text for i in need["imports"]] + need["written"]
        done = isolated(lambda: answers(exercises[name], texts, given), limits)  # noqa: B023
        source = "\n".join(need["written"])
        say(
            {
                "name": name,
                "status": done["status"],
                "results": done["said"][: len(given)],
                "source": source,
            }
        )
    say({"done": True})


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


def say(message: dict) -> None:
    """Write a line for the grader."""
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


def keep_out() -> None:
    """Keep the other processes of this user from tracing and reading this one."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: no


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
        select.select(more, [], [], 0.02)
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
        elif SUPERVISOR == 1 and memory_of_others() > limits["memory"]:
            status = "oom"
    end_all(child if code is None else None)
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
        limit(resource.RLIMIT_CPU, limits["cpu"], 1)
        limit(resource.RLIMIT_CORE, 0)
        limit(resource.RLIMIT_FSIZE, limits["file"])
        limit(resource.RLIMIT_NOFILE, 64)
        if SUPERVISOR == 1:
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
    others = (entry for entry in os.listdir("/proc") if entry.isdigit())
    return sum(memory_of(f"/proc/{entry}") for entry in others if entry != "1")


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


def end_all(child: int | None) -> None:
    """End `child`, if it still runs, and in the sandbox every other process too."""
    if SUPERVISOR != 1:
        if child is not None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return
    while True:
        try:
            os.kill(
                -1, signal.SIGKILL
            )  # every process but this one, the sandbox's first
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except (ProcessLookupError, ChildProcessError):
            return
        time.sleep(0.0005)


if __name__ == "__main__":
    main()
