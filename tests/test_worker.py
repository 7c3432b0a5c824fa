"""The process in the sandbox, its limits, and the sandbox around it."""

import contextlib
import errno
import io
import json
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_utils.exercises import declared
from course_utils.grading import grader, sandbox, worker
from course_utils.grading.sandbox import (
    Limits,
    Sandbox,
    SandboxError,
    borrowed,
    close_idle,
)

pytestmark = pytest.mark.sandbox

DECLARATION = """
from course_utils.exercises import Exercise

EXERCISES = [
    Exercise(name="double", points=1, inputs=lambda rng: [(1,), (2,)]),
    Exercise(name="triple", points=1, inputs=lambda rng: [(1,)]),
]
"""
JOB = {
    "imports": "import math\nimport numpy as np",
    "declaration": DECLARATION,
    "preload": ["import math"],
    "given": {"double": [{"tuple": [1]}, {"tuple": [2]}], "triple": [{"tuple": [1]}]},
}
USUAL = Limits()
LIMITS = {
    "cpu": 1,
    "wall": 3,
    "memory": 1 << 29,
    "output": 1 << 16,
    "file": 1 << 20,
    "processes": 10,
}
DOUBLE = "def double(x):\n    return 2 * x"


def notebook(*sources):
    """Return the bytes of a notebook with these code cells."""
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": cells}).encode()


def by_name(said):
    """Return the messages about exercises by the names of these."""
    return {m["name"]: m for m in said if "name" in m}


NAMES = list(JOB["given"])


def run(content, *, limits=USUAL, sandboxed=True):
    """Return what a new sandbox says of a notebook."""
    with contextlib.closing(Sandbox(JOB, limits=limits, sandboxed=sandboxed)) as box:
        return box.run(content, NAMES)


@pytest.fixture(scope="module", autouse=True)
def no_other_child():
    """End the sandbox that was made to see whether there can be one."""
    close_idle()


@pytest.fixture
def ours():
    """Lend sandboxes that are kept only for the length of a test."""
    yield lambda **options: borrowed(JOB, limits=USUAL, **options)
    close_idle()


# --------------------------------------------------------------------------------------
# The whole of it
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sandboxed", [True, False], ids=["sandboxed", "unsafe"])
def test_worker_returns_data(sandboxed):
    content = notebook(
        DOUBLE, "import math\n\ndef triple(x):\n    return [math.pi] * 2"
    )
    assert run(content, sandboxed=sandboxed) == [
        {"begin": "double"},
        {"name": "double", "status": "ok", "results": [2, 4], "source": DOUBLE},
        {"begin": "triple"},
        {
            "name": "triple",
            "status": "ok",
            "results": [[3.141592653589793] * 2],
            "source": "import math\ndef triple(x):\n    return [math.pi] * 2",
        },
        {"end": True, "clean": True},
    ]


def test_worker_of_a_user_without_privileges(monkeypatch):
    monkeypatch.setattr(sandbox, "has_every_user", lambda: False)
    look = """
def triple(x):
    with open("/proc/self/status") as file:
        return [line.split()[1] for line in file if line.startswith(("CapEff", "CapP"))]
"""
    said = by_name(run(notebook(DOUBLE, look)))
    assert said["double"]["results"] == [2, 4]
    assert said["triple"]["results"] == [["0" * 16] * 2]  # a root would keep them all


def test_worker_tells_what_is_missing_and_what_is_raised():
    content = notebook("def double(x):\n    raise KeyError(x)")
    said = by_name(run(content))
    assert said["triple"]["status"] == "missing"
    assert said["double"]["status"] == "ok"
    assert said["double"]["results"][1]["raises"] == "KeyError: 2"


def test_worker_tells_that_there_is_no_notebook():
    assert run(b"no") == [
        {"unreadable": "not a notebook (JSONDecodeError)"},
        {"end": True, "clean": False},
    ]


def test_answer_has_the_limits_that_are_said():
    read = """
import resource

def double(x):
    kinds = ("CPU", "CORE", "FSIZE", "NOFILE", "NPROC")
    return [resource.getrlimit(getattr(resource, f"RLIMIT_{k}")) for k in kinds]

def triple(x):
    statm = open("/proc/self/statm").read().split()
    held = int(statm[0]) * resource.getpagesize()
    return resource.getrlimit(resource.RLIMIT_AS)[0] - held
"""
    limits = Limits(cpu=3, file=1 << 20, processes=9, memory=1 << 29)
    said = by_name(run(notebook(read), limits=limits))
    (limited, _) = said["double"]["results"]
    assert [one["tuple"] for one in limited] == [
        [3, 4],
        [0, 0],
        [1 << 20, 1 << 20],
        [64, 64],
        [9, 9],
    ]
    (left,) = said["triple"]["results"]
    assert abs(left - (1 << 29)) < 1 << 26


def test_sandbox_shows_nothing_of_the_machine():
    look = """
def double(x):
    import os
    return sorted(os.environ)

def triple(x):
    import os, socket
    folders = ("/", "/course", "/tmp", "/dev", "/etc")
    return [socket.gethostname(), *(sorted(os.listdir(f)) for f in folders)]
"""
    said = by_name(run(notebook(look)))
    names = said["double"]["results"][0]
    assert set(names) <= set(sandbox.environment()) | {"PWD", "LC_CTYPE"}
    host, root, course, tmp, dev, etc = said["triple"]["results"][0]
    assert host == "sandbox"
    assert course == ["course_utils"]
    bound = [Path(p).parts for p in [sys.base_prefix, *sandbox.site_packages()]]
    assert set(tmp) == {parts[2] for parts in bound if parts[1] == "tmp"}
    assert set(dev) == {"null", "urandom"}
    assert set(etc) <= {"alternatives", "ld.so.cache"}
    usual = {"usr", "bin", "lib", "lib64", "proc", "tmp", "dev", "etc", "course"}
    assert set(root) <= usual | {parts[1] for parts in bound}


def test_packages_may_be_in_the_folder_for_temporary_files(monkeypatch):
    every = sandbox.site_packages()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        Path(folder, "only_here.py").write_text("VALUE = 7")
        monkeypatch.setattr(sandbox, "site_packages", lambda: [*every, folder])
        content = notebook(
            "def double(x):\n    import only_here as o\n    return o.VALUE"
        )
        said = by_name(run(content))
    assert said["double"]["results"] == [7, 7]


@pytest.fixture
def standard_input():
    """Give this process something else to read on its standard input."""
    kept = os.dup(0)

    def give(data):
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            os.dup2(file.fileno(), 0)

    yield give
    os.dup2(kept, 0)
    os.close(kept)


def submitted(content, *names):
    """Return the bytes that tell the worker of a submission."""
    head = {"names": names, "size": len(content)}
    return json.dumps(head).encode() + b"\n" + content


INSIDE = JOB | {"limits": LIMITS, "uid": None, "path": []}


def said_by_main(monkeypatch, standard_input, *submissions):
    """Run the worker's `main` in this process and return what it says."""
    standard_input(json.dumps(INSIDE).encode() + b"\n" + b"".join(submissions))
    monkeypatch.setattr(worker, "keep_out", lambda: None)
    before = signal.getsignal(signal.SIGINT)
    try:
        with tempfile.TemporaryFile(buffering=0) as written:
            out = SimpleNamespace(buffer=written, flush=written.flush)
            monkeypatch.setattr(sys, "stdout", out)
            worker.main()
            assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
            written.seek(0)
            return [json.loads(line) for line in written]
    finally:
        signal.signal(signal.SIGINT, before)


def test_main_takes_one_submission_after_the_other(monkeypatch, standard_input):
    said = said_by_main(
        monkeypatch,
        standard_input,
        submitted(notebook(DOUBLE), "double", "triple"),
        submitted(notebook("def triple(x): return 3 * x"), "triple"),
    )
    assert said == [
        {"ready": True},
        {"begin": "double"},
        {"name": "double", "status": "ok", "results": [2, 4], "source": DOUBLE},
        {"begin": "triple"},
        {"name": "triple", "status": "missing", "results": [], "source": ""},
        {"end": True, "clean": True},
        {"begin": "triple"},
        {
            "name": "triple",
            "status": "ok",
            "results": [3],
            "source": "def triple(x): return 3 * x",
        },
        {"end": True, "clean": True},
    ]


def test_main_takes_no_submission_after_one_that_had_to_be_ended(
    monkeypatch, standard_input
):
    said = said_by_main(
        monkeypatch,
        standard_input,
        submitted(b"no notebook", "double"),
        submitted(notebook(DOUBLE), "double"),
    )
    assert said == [
        {"ready": True},
        {"unreadable": "not a notebook (JSONDecodeError)"},
        {"end": True, "clean": False},
    ]


def test_grade_in_this_process(monkeypatch):
    said = []
    monkeypatch.setattr(worker, "say", said.append)
    exercises = declared(DECLARATION)
    fails = "def triple(x):\n    import os\n    os._exit(3)"
    assert worker.grade(notebook(DOUBLE), NAMES, exercises, INSIDE)
    assert [m.get("status") for m in said] == [None, "ok", None, "missing"]
    said.clear()
    assert not worker.grade(notebook(DOUBLE, fails), NAMES, exercises, INSIDE)
    assert [m.get("status") for m in said] == [None, "ok", None, "crash"]
    said.clear()
    assert not worker.grade(b"[]", NAMES, exercises, INSIDE)
    assert [list(m) for m in said] == [["unreadable"]]


@pytest.mark.parametrize(
    ("came", "code"), [(True, 0), (False, 1), (ZeroDivisionError, 1)]
)
def test_process_of_a_submission_ends_whatever_comes(
    monkeypatch, standard_input, came, code
):
    read, calls = [], []

    def grade(*arguments):
        read.append(arguments)
        if came is ZeroDivisionError:
            raise came
        return came

    def end(code):
        raise Ended(code)

    standard_input(b"12345 and the next")
    monkeypatch.setattr(worker, "grade", grade)
    monkeypatch.setattr(worker, "SANDBOXED", True)
    monkeypatch.setattr(worker, "prctl", lambda *one: calls.append(one))
    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(Ended, match=f"^{code}$"):
        worker.submission({"size": 5, "names": NAMES}, {}, INSIDE)
    assert read == [(b"12345", NAMES, {}, INSIDE)]
    assert calls == [(worker.PR_SET_CHILD_SUBREAPER, 1)]


def test_reading_takes_no_more_than_it_should():
    reader, writer = os.pipe()
    os.write(writer, b"one\ntwo\nthree")
    assert worker.read_line(reader) == b"one\n"
    assert worker.read_exactly(reader, 4) == b"two\n"
    assert worker.read_exactly(reader, 0) == b""
    os.close(writer)
    assert worker.read_exactly(reader, 3) == b"thr"
    assert worker.read_exactly(reader, 3) == b"ee"
    assert worker.read_line(reader) == b""
    os.close(reader)


GIVEN = JOB["given"]["double"]


def answered(source):
    """Return what an answer to the exercise `double` gives in its two cases."""
    exercise = declared(DECLARATION)["double"]
    return list(worker.answers(exercise, [source], GIVEN))


def test_answers_are_data():
    assert answered(DOUBLE) == [2, 4]
    assert answered("def double(x): return (x, print)") == [
        {"tuple": [x, {"foreign": "builtin_function_or_method"}]} for x in (1, 2)
    ]


def test_answer_that_cannot_be_defined_raises_in_each_case():
    text = "ZeroDivisionError: division by zero"
    assert [one["raises"] for one in answered("double = 1 / 0")] == [text, text]


@pytest.mark.parametrize(
    "source",
    [
        "class OutOfMemoryError(RuntimeError): pass\n"
        "def double(x): raise OutOfMemoryError('of the device')",
        "def double(x): raise MemoryError",
        "def fail(): raise MemoryError\ndouble = fail()",
    ],
)
def test_lack_of_memory_is_no_answer(source):
    with pytest.raises(MemoryError):
        answered(source)


def test_main_takes_on_the_user_of_the_job(monkeypatch, standard_input):
    class Stop(Exception):
        pass

    taken = []

    def stop():
        raise Stop

    for name in ("setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(os, name, lambda *ids, name=name: taken.append((name, ids)))
    monkeypatch.setattr(worker, "keep_out", stop)
    monkeypatch.setattr(sys, "path", list(sys.path))
    standard_input(b'{"uid": 12, "path": ["/first"]}\n')
    with pytest.raises(Stop):
        worker.main()
    assert taken == [
        ("setgroups", ([],)),
        ("setresgid", (12, 12, 12)),
        ("setresuid", (12, 12, 12)),
    ]
    assert sys.path[0] == "/first"


def test_process_is_kept_from_being_traced():
    code = (
        "import ctypes; from course_utils.grading.worker import keep_out;"
        "keep_out(); print(ctypes.CDLL(None).prctl(3))"  # PR_GET_DUMPABLE
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"0"


# --------------------------------------------------------------------------------------
# Processes of their own
# --------------------------------------------------------------------------------------


def forever():
    while True:
        pass


def too_much():
    yield 1
    raise MemoryError


def write_lines(lines):
    """Return a task that finds the pipe, writes lines itself, and ends."""

    def task():
        os.write(sys._getframe(1).f_locals["writer"], lines)
        os._exit(0)

    return task


@pytest.mark.parametrize(
    ("task", "status", "said"),
    [
        (lambda: [1, [2], None], "ok", [1, [2], None]),
        (lambda: [], "ok", []),
        (lambda: os._exit(0), "crash", []),
        (lambda: os._exit(worker.OUT_OF_MEMORY), "oom", []),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), "crash", []),
        (lambda: os.kill(os.getpid(), signal.SIGXCPU), "timeout", []),
        (lambda: sys.exit(0), "crash", []),
        (lambda: 1 / 0, "crash", []),
        (forever, "timeout", []),
        (lambda: time.sleep(1000), "timeout", []),
        (lambda: os.kill(os.getpid(), signal.SIGSTOP), "timeout", []),
        (too_much, "oom", [1]),
        (lambda: ["x" * (1 << 17)], "output_limit", []),
        (write_lines(b'{"say": 1}\n{"end": true}\n'), "ok", [1]),
        (write_lines(b'{"say": 1}\n{"end": true}'), "crash", [1]),
        (write_lines(b'{"end": true}\n{"end": true}\n'), "ok", []),
        (write_lines(b'{"say": 1}\nno\n{"say": 2}\n{"end": true}\n'), "crash", [1]),
        (write_lines(b"[1]\n"), "crash", []),
        (write_lines(b"x" * (1 << 17)), "output_limit", []),
    ],
)
def test_statuses(task, status, said):
    # By the clock where it waits: the processor time of `forever` is less than this.
    limits = LIMITS | {"wall": 3 if task is forever else 0.5}
    done = worker.isolated(task, limits)
    assert (done["status"], done["said"]) == (status, said)


def test_value_error_is_told():
    def task():
        raise ValueError("no such thing" + "x" * 1000)

    done = worker.isolated(task, LIMITS)
    assert done["status"] == "crash"
    assert done["reason"].startswith("no such thing") and len(done["reason"]) == 200


def test_closed_pipe_is_waited_for_without_work():
    def task():
        os.closerange(3, 100)
        time.sleep(1000)

    before = time.process_time()
    assert worker.isolated(task, LIMITS | {"wall": 0.5})["status"] == "timeout"
    assert time.process_time() - before < 0.25


@pytest.fixture
def ended(monkeypatch):
    """Let the worker think that it is in a sandbox, and have it end no process."""
    calls = []
    monkeypatch.setattr(worker, "SANDBOXED", True)
    monkeypatch.setattr(worker, "end_all", lambda: calls.append("end_all"))
    monkeypatch.setattr(worker, "memory_of_others", lambda: 0)
    monkeypatch.setattr(worker, "files_in_tmp", lambda: 0)
    # A process of root would need its limits to be those of another user.
    monkeypatch.setattr(worker, "limit", lambda *one: None)
    return calls


@pytest.mark.parametrize(
    ("held", "allowed"),
    [("memory_of_others", LIMITS["memory"]), ("files_in_tmp", worker.FILES)],
)
def test_memory_and_files_are_watched_in_the_sandbox(monkeypatch, ended, held, allowed):
    def task():
        time.sleep(0.2)
        return [1]

    monkeypatch.setattr(worker, held, lambda: allowed)
    assert worker.isolated(task, LIMITS)["status"] == "ok"
    assert ended == ["end_all"]
    monkeypatch.setattr(worker, held, lambda: allowed + 1)
    done = worker.isolated(lambda: time.sleep(1000), LIMITS)
    assert (done["status"], done["said"]) == ("oom", [])
    assert ended == ["end_all", "end_all"]


def forked(task):
    """Return the number of a process that does `task` and ends."""
    child = os.fork()
    if child == 0:
        try:
            task()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def test_submission_that_ends_by_itself_leaves_nothing(monkeypatch, ended):
    assert worker.watch(forked(lambda: None), 1, LIMITS)
    assert ended == ["end_all"]
    assert not worker.watch(forked(lambda: os._exit(1)), 1, LIMITS)
    monkeypatch.setattr(worker, "end_all", lambda: True)
    assert not worker.watch(forked(lambda: None), 1, LIMITS)
    monkeypatch.setattr(worker, "SANDBOXED", False)
    assert worker.watch(forked(lambda: None), 1, LIMITS)


def test_submission_that_does_not_end_is_ended(monkeypatch, ended):
    began = time.monotonic()
    assert not worker.watch(
        forked(lambda: time.sleep(1000)), 1, LIMITS | {"wall": 0.02}
    )
    monkeypatch.setattr(worker, "memory_of_others", lambda: 2 * LIMITS["memory"] + 1)
    assert not worker.watch(forked(lambda: time.sleep(1000)), 1, LIMITS)
    assert 0.1 < time.monotonic() - began < 3
    assert len(ended) == 2


class Ended(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize(
    ("task", "code", "last"),
    [
        (lambda: [1], 0, {"end": True}),
        (too_much, worker.OUT_OF_MEMORY, {"say": 1}),
        (lambda: int("x"), 1, None),
        (lambda: 1 / 0, 1, None),
    ],
)
def test_run_limited_in_this_process(monkeypatch, task, code, last):
    limited, streams, closed = {}, [], []

    def end(code):
        raise Ended(code)

    monkeypatch.setattr(worker, "SANDBOXED", True)
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(os, "dup2", lambda *both: streams.append(both))
    monkeypatch.setattr(os, "closerange", lambda *both: closed.append(both))
    monkeypatch.setattr(worker, "limit", lambda kind, *to: limited.update({kind: to}))
    monkeypatch.setattr(worker, "address_space", lambda: 1000)
    reader, writer = os.pipe()
    with pytest.raises(Ended, match=f"^{code}$"):
        worker.run_limited(task, writer, LIMITS)
    os.close(writer)
    with open(reader, "rb") as file:
        told = [json.loads(line) for line in file]
    nothing = streams[0][0]
    assert os.path.samestat(os.fstat(nothing), os.stat("/dev/null"))
    os.close(nothing)
    assert streams == [(nothing, 0), (nothing, 1), (nothing, 2)]
    assert closed == [(3, writer), (writer + 1, 1024)]
    assert limited == {
        resource.RLIMIT_CPU: (1, 1),
        resource.RLIMIT_CORE: (0,),
        resource.RLIMIT_FSIZE: (1 << 20,),
        resource.RLIMIT_NOFILE: (64,),
        resource.RLIMIT_NPROC: (10,),
        resource.RLIMIT_AS: (1000 + LIMITS["memory"],),
    }
    if last is not None:
        assert told[-1] == last
    elif code == 1 and told:
        assert told[-1]["end"] is False and "invalid literal" in told[-1]["reason"]


@pytest.mark.parametrize(
    ("most", "arguments", "expected"),
    [
        (resource.RLIM_INFINITY, (5, 1), (5, 6)),
        (100, (5, 1), (5, 6)),
        (5, (5, 1), (5, 5)),
        (3, (5,), (3, 3)),
    ],
)
def test_limit_is_never_raised(monkeypatch, most, arguments, expected):
    made = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1, most))
    monkeypatch.setattr(resource, "setrlimit", lambda *one: made.append(one))
    worker.limit(7, *arguments)
    assert made == [(7, expected)]


def test_receive_says_whether_more_can_come():
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    received = bytearray()
    assert worker.receive(reader, received, 10)
    os.write(writer, b"abc")
    assert worker.receive(reader, received, 10)
    assert received == b"abc"
    os.write(writer, b"x" * 60_000)
    assert worker.receive(reader, received, 10)
    os.write(writer, b"left")
    assert worker.receive(reader, received, 10)
    assert len(received) == 60_003
    os.close(writer)
    received.clear()
    assert not worker.receive(reader, received, 10)
    assert received == b"left"
    os.close(reader)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"say": [1]}', {"say": [1]}),
        (b'{"end": true}', {"end": True}),
        (b'{"say": ' + b"[" * 90 + b"]" * 90 + b"}", ...),
        (b'{"say": ' + b"[" * 100 + b"]" * 100 + b"}", None),
        (b'{"say": ' + b'{"a": [' * 60 + b"]}" * 60 + b"}", None),
        (b'{"say": ' + b"[" * 980 + b"]" * 980 + b"}", None),
        (b'{"say": ' + b"[" * 100_000, None),
        (b'{"say": ' + b"9" * 5000 + b"}", None),
        (b'{"other": 1}', None),
        (b"[]", None),
        (b"1", None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_pieces(line, said):
    assert worker.piece(line) == (json.loads(line) if said is ... else said)


def test_address_space_is_that_of_this_process():
    status = Path("/proc/self/status").read_text()
    size = 1024 * int(re.search(r"VmSize:\s+(\d+)", status)[1])
    assert abs(worker.address_space() - size) < 1 << 26


STATUS = b"Name:\t\xff\xfe\nRssAnon:\t  100 kB\nRssFile:\t 7 kB\nRssShmem:\t 20 kB\n"


def test_memory_of_a_process(tmp_path):
    process = tmp_path / "12"
    process.mkdir()
    assert worker.memory_of(str(process)) == 0
    (process / "status").write_bytes(STATUS + b"VmSwap:\t 3 kB\n")
    assert worker.memory_of(str(process)) == 123 << 10


def test_memory_of_a_process_whose_first_thread_has_ended(tmp_path):
    (tmp_path / "status").write_bytes(b"Name:\tx\nState:\tZ (zombie)\n")
    for thread, status in {"1": b"State:\tZ", "2": STATUS, "3": STATUS}.items():
        (tmp_path / "task" / thread).mkdir(parents=True)
        (tmp_path / "task" / thread / "status").write_bytes(status)
    (tmp_path / "task" / "4").mkdir()  # it has just ended
    assert worker.memory_of(str(tmp_path)) == 120 << 10


def test_memory_of_others_counts_every_process_but_the_first(monkeypatch):
    monkeypatch.setattr(os, "listdir", lambda path: ["1", "7", "12", "self", "uptime"])
    monkeypatch.setattr(worker, "memory_of", {"/proc/7": 1, "/proc/12": 2}.__getitem__)
    assert worker.memory_of_others() == 3


def test_end_all_ends_every_process_in_the_sandbox(monkeypatch):
    calls = []
    kills = iter([None, None, ProcessLookupError])
    waits = iter([(5, 0), (0, 0), ChildProcessError])

    def kill(*arguments):
        calls.append(("kill", *arguments))
        if error := next(kills):
            raise error

    def wait(*arguments):
        calls.append(("wait", *arguments))
        result = next(waits)
        if isinstance(result, tuple):
            return result
        raise result

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(os, "waitpid", wait)
    kill, wait = ("kill", -1, signal.SIGKILL), ("wait", -1, os.WNOHANG)
    assert worker.end_all() is True
    assert calls == [kill, wait, wait, kill, wait]


def test_end_all_tells_that_there_was_nothing_to_end(monkeypatch):
    def kill(*arguments):
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", kill)
    assert worker.end_all() is False


def test_files_in_tmp_are_counted_to_any_depth(monkeypatch):
    counts = SimpleNamespace(f_files=100, f_ffree=93)
    monkeypatch.setattr(os, "statvfs", {"/tmp": counts}.__getitem__)
    assert worker.files_in_tmp() == 0
    monkeypatch.setattr(worker, "SANDBOXED", True)
    assert worker.files_in_tmp() == 7


def test_names_in_tmp_matter_only_in_the_sandbox(monkeypatch):
    monkeypatch.setattr(os, "listdir", {"/tmp": ["b", "a"]}.__getitem__)
    assert worker.in_tmp() == set()
    monkeypatch.setattr(worker, "SANDBOXED", True)
    assert worker.in_tmp() == {"a", "b"}


def test_what_imports_leave_in_tmp_is_removed(monkeypatch, standard_input):
    with tempfile.TemporaryDirectory(dir="/tmp") as kept:
        Path(kept, "file").touch()
        left = [
            Path(tempfile.mkdtemp(dir="/tmp")),
            Path(f"{kept}.x"),
            Path(f"{kept}.y"),
        ]
        (left[0] / "inside").touch()
        left[1].touch()
        left[2].symlink_to(kept)
        names = [{Path(kept).name}, {path.name for path in [Path(kept), *left]}]
        monkeypatch.setattr(worker, "in_tmp", lambda: names.pop(0))
        assert said_by_main(monkeypatch, standard_input) == [{"ready": True}]
        assert not any(os.path.lexists(path) for path in left)
        assert os.listdir(kept) == ["file"]


# --------------------------------------------------------------------------------------
# The sandbox
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (["/nonexistent/bwrap"], "/nonexistent/bwrap did not start: .*No such file"),
        (["/bin/sh", "-c", "echo no namespaces >&2; exit 1"], "^no namespaces$"),
        (["/bin/sh", "-c", "echo hello"], "^the worker ended before it was ready$"),
        (["/bin/sh", "-c", "kill -9 $$"], "^the worker ended before it was ready$"),
    ],
)
def test_failure_of_the_sandbox_is_no_fault_of_the_submission(
    monkeypatch, program, message
):
    monkeypatch.setattr(sandbox, "command", lambda every_user: program)
    with pytest.raises(SandboxError, match=message):
        Sandbox(JOB, limits=USUAL)
    key = grader.AnswerKey(
        chapter="01-x",
        imports="",
        declaration=DECLARATION,
        points={"double": 1},
        cases={"double": {"cases": [], "arguments": [], "hints": []}},
        secret_id="0",
        preload=[],
    )
    record = grader.grade_one(notebook(DOUBLE), key)
    assert record["status"] == "infra_error"
    assert record["score"] is None
    assert re.search(message, record["note"])


@pytest.fixture
def pretend(monkeypatch):
    """Make a sandbox whose worker is a shell script, ready to be told of a notebook."""
    made = []

    def make(script, **limits):
        script = f"echo '{{\"ready\": true}}'; read job; {script}"
        program = ["/bin/sh", "-c", script]
        monkeypatch.setattr(sandbox, "command", lambda every_user: program)
        made.append(Sandbox(JOB, limits=Limits(**limits)))
        return made[-1]

    yield make
    for box in made:
        box.close()


BEGIN = 'read head; echo \'{"begin": "double"}\''


@pytest.mark.parametrize(
    "script",
    [
        f"{BEGIN}; exit",
        f"{BEGIN}; kill -9 $$",
        f"{BEGIN}; echo no; sleep 1000",
        f"{BEGIN}; echo []; sleep 1000",
        f"{BEGIN}; printf '%0100000d' 0 | tr 0 [; echo; sleep 1000",
        f"{BEGIN}; yes | tr -d '\\n'",
        f"{BEGIN}; exec 0<&-; exit",
    ],
    ids=["ends", "ended", "no JSON", "no object", "deep", "too much", "broken pipe"],
)
def test_what_a_worker_said_before_it_failed_counts(pretend, script):
    box = pretend(script, output=1000)
    began = time.monotonic()
    size = 1 if "sleep" in script or "yes" in script else 1 << 20
    assert box.run(b" " * size, NAMES) == [{"begin": "double"}]
    assert time.monotonic() - began < 30
    assert not box.clean
    assert len(box._received) < 3 * 2 * 1000 + 2 * (1 << 16)


def test_limit_on_what_is_said_is_not_passed_by_one_byte(pretend):
    for size, taken in ((4000, 1), (4001, 0)):  # twice the output, for two messages
        filler = "x" * (size - len('{"end": true, "of": ""}\n'))
        line = json.dumps({"end": True, "of": filler})
        box = pretend(f"read head; printf '%s' '{line}'; sleep 0.1; echo", output=1000)
        assert len(box.run(b"", ["double"])) == taken


@pytest.mark.parametrize("script", ["read head; sleep 1000", "sleep 1000"])
def test_worker_that_says_or_reads_nothing_is_not_waited_for(
    monkeypatch, pretend, script
):
    box = pretend(script, wall=0)
    monkeypatch.setattr(sandbox, "START", 0.1)
    began = time.monotonic()
    assert box.run(b" " * (1 << 20), NAMES) == []
    assert time.monotonic() - began < 5
    assert not box.clean


def test_message_that_comes_too_late_does_not_count(monkeypatch, pretend):
    box = pretend(f"{BEGIN}; sleep 1.2; echo '{{\"end\": true}}'", wall=0)
    monkeypatch.setattr(sandbox, "START", 0.5)
    assert box.run(b"", NAMES) == [{"begin": "double"}]


def test_sandboxes_of_one_thread_have_users_of_their_own(monkeypatch):
    # The kernel counts processes by user, and either sandbox may be lent to another.
    script = 'read -r job; printf %s "$job" >&2; echo \'{"ready": true}\'; read head'
    monkeypatch.setattr(sandbox, "command", lambda every_user: ["sh", "-c", script])
    monkeypatch.setattr(sandbox, "has_every_user", lambda: True)
    users = set()
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            box = stack.enter_context(contextlib.closing(Sandbox(JOB, limits=USUAL)))
            box._errors.seek(0)
            users.add(json.loads(box._errors.read())["uid"])
    assert len(users) == 2
    assert min(users) > sandbox.FIRST_UID


def processes_of(box):
    """Return the numbers of the processes of a sandbox, which must be idle."""
    every, look = [], [box._process.pid]
    while look:
        every += look
        paths = [Path(f"/proc/{p}/task/{p}/children") for p in look]
        look = [int(n) for path in paths for n in path.read_text().split()]
    return every


def all_gone(numbers):
    """Return whether the processes end; the kernel takes a moment."""
    for _ in range(500):
        if not any(os.path.exists(f"/proc/{n}") for n in numbers):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("sandboxed", [True, False], ids=["sandboxed", "unsafe"])
def test_clean_sandbox_is_lent_again_until_all_are_closed(ours, sandboxed):
    with ours(sandboxed=sandboxed) as first:
        with ours(sandboxed=sandboxed) as other:  # the first is at work
            assert other is not first
        first.run(notebook(DOUBLE), NAMES)
    with ours(sandboxed=sandboxed) as again:
        assert again is first
        said = by_name(again.run(notebook("def double(x): return x"), NAMES))
        assert said["double"]["results"] == [1, 2]
    with borrowed(JOB, limits=Limits(cpu=9), sandboxed=sandboxed) as unlike:
        assert unlike is not first and unlike is not other
    numbers = [n for box in (first, other, unlike) for n in processes_of(box)]
    assert len(numbers) >= (6 if sandboxed else 3)
    close_idle()
    assert all_gone(numbers)
    assert sandbox._idle == {}


def test_sandbox_is_given_back_whatever_happens(ours):
    with pytest.raises(ZeroDivisionError), ours() as first:
        raise ZeroDivisionError
    with ours() as again:
        assert again is first


def test_sandbox_at_work_can_be_ended():
    box = Sandbox(JOB, limits=USUAL)
    content = notebook("def double(x):\n    while True: pass")
    box._write(submitted(content, "double"), time.monotonic() + 5)
    assert box._message(time.monotonic() + 5) == {"begin": "double"}
    numbers = processes_of(box)
    box.clean = False
    box.close()
    assert len(numbers) > 2
    assert all_gone(numbers)


DAEMON = """
def double(x):
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
    os.wait()
    return 2 * x
"""
LEAVES_A_FILE = """
def double(x):
    open("/tmp/left", "w").close()
    return 2 * x
"""
SHUTS_TMP = """
def double(x):
    import os
    os.chmod("/tmp", 0o555)
    return 2 * x
"""
KILLS_THE_WATCHER = """
def double(x):
    import os, signal
    os.kill(os.getppid(), signal.SIGKILL)
    return 2 * x
"""


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("def double(x):\n    while True: pass", "timeout"),
        ("def double(x): import os; os._exit(0)", "crash"),
        ("def double(x): raise MemoryError", "oom"),
        ("def double(x): return 'x' * (5 << 20)", "output_limit"),
        (LEAVES_A_FILE, "ok"),
        (KILLS_THE_WATCHER, None),
    ],
    ids=["timeout", "crash", "oom", "output", "file", "watcher"],
)
def test_sandbox_is_not_lent_again_when_something_was_left_or_ended(source, status):
    close_idle()
    limits = Limits(cpu=1)
    with borrowed(JOB, limits=limits) as box:
        numbers = processes_of(box)
        said = box.run(notebook(source), ["double"])
        assert said[0] == {"begin": "double"}
        assert said[-1] == {"end": True, "clean": False}
        assert by_name(said).get("double", {"status": None})["status"] == status
        assert not box.clean
    assert all_gone(numbers)
    assert sandbox._idle == {}


def test_sandbox_whose_tmp_was_shut_is_not_lent_again(monkeypatch):
    monkeypatch.setattr(sandbox, "has_every_user", lambda: False)  # it then owns /tmp
    with contextlib.closing(Sandbox(JOB, limits=USUAL)) as box:
        said = box.run(notebook(SHUTS_TMP), ["double"])
        assert by_name(said)["double"]["results"] == [2, 4]
        assert said[-1] == {"end": True, "clean": False}


def test_process_that_is_left_is_ended_with_its_answer(ours):
    with ours() as box:
        before = processes_of(box)
        said = box.run(notebook(DAEMON, "def triple(x): return 3 * x"), NAMES)
        assert by_name(said)["double"]["results"] == [2, 4]
        assert processes_of(box) == before if box.clean else all_gone(before[1:])


def test_many_files_are_memory():
    fill = """
def double(x):
    import os, time
    for i in range(20_000):
        os.close(os.open(f"/tmp/{i}", os.O_CREAT))
    time.sleep(5)
"""
    with contextlib.closing(Sandbox(JOB, limits=USUAL)) as box:
        said = box.run(notebook(fill), ["double"])
        assert by_name(said)["double"]["status"] == "oom"
        assert not box.clean


def test_imports_leave_nothing_in_tmp():
    left = [
        "import os; os.makedirs('/tmp/folder/inside')",
        "open('/tmp/file', 'w').close()",
        "import os; os.symlink('/usr', '/tmp/link')",
    ]
    look = "def triple(x):\n    import os\n    return os.listdir('/tmp')"
    job = JOB | {"preload": left}
    with contextlib.closing(Sandbox(job, limits=USUAL)) as box:
        said = box.run(notebook(look), NAMES)
        (found,) = by_name(said)["triple"]["results"]
        assert not {"folder", "file", "link"} & set(found)
        assert box.clean


# Finds in its own memory whatever looks like a marker; the pattern does not.
SEARCH = """
def double(x):
    import ctypes, re
    found = set()
    with open("/proc/self/maps") as file:
        maps = file.read().splitlines()
    for line in maps:
        place, rights, _, _, inode, *name = line.split()
        if rights[:2] == "rw" or (rights[0] == "r" and inode == "0" and not name):
            at, end = (int(n, 16) for n in place.split("-"))
            while at < end:
                part = ctypes.string_at(at, min(end - at, 1 << 20))
                found |= set(re.findall(rb"marker[-][0-9a-f]{16}", part))
                at += (1 << 20) - 64 if end - at > 1 << 20 else 1 << 20
    return sorted(one.decode() for one in found)
"""
SPOIL = """
def triple(x):
    import builtins, math, os, sys
    import numpy as np
    os.environ["LEFT"] = "left"
    os.umask(0)
    os.chdir("/")
    with open("/tmp/left", "w") as file:
        file.write("left")
    os.remove("/tmp/left")
    builtins.left = math.pi = np.pi = sys.modules["left"] = 3
    return 3
"""
LOOK = """
def triple(x):
    import builtins, math, os, sys
    import numpy as np
    return [
        "LEFT" in os.environ,
        os.umask(0) == 0,
        os.getcwd() == "/",
        os.path.exists("/tmp/left"),
        hasattr(builtins, "left"),
        math.pi == 3,
        np.pi == 3,
        "left" in sys.modules,
    ]
"""


@pytest.mark.parametrize("sandboxed", [True, False], ids=["sandboxed", "unsafe"])
def test_next_submission_finds_nothing_of_the_one_before(ours, sandboxed):
    first, second = (f"marker-{digit * 16}" for digit in "12")
    with ours(sandboxed=sandboxed) as box:
        content = notebook(SEARCH, SPOIL, f"mark = {first!r}")
        said = by_name(box.run(content, NAMES))
        assert said["double"]["results"] == [[first]] * 2  # the search does find
        assert said["triple"]["results"] == [3]
        assert box.clean
        content = notebook(SEARCH, LOOK, f"mark = {second!r}")
        said = by_name(box.run(content, NAMES))
        assert said["double"]["results"] == [[second]] * 2
        assert said["triple"]["results"] == [[False] * 8]


def test_answer_holds_nothing_open_but_its_pipe():
    look = """
def double(x):
    import os, stat
    nothing = os.stat("/dev/null")
    kinds = {}
    for number in range(4096):
        try:
            found = os.fstat(number)
        except OSError:
            continue
        is_pipe = stat.S_ISFIFO(found.st_mode)
        is_nothing = os.path.samestat(found, nothing)
        kinds[str(number)] = "pipe" if is_pipe else "null" if is_nothing else "other"
    return kinds

def triple(x):
    import os
    came = [os.read(0, 1) == b""]
    for process in (1, os.getppid()):
        for name in ("fd/0", "fd/1", "mem", "environ", "root/tmp"):
            try:
                os.close(os.open(f"/proc/{process}/{name}", os.O_RDONLY))
                came.append(f"{process}/{name} can be opened")
            except PermissionError:
                pass
    return came
"""
    with contextlib.closing(Sandbox(JOB, limits=USUAL)) as box:
        box.run(notebook(DOUBLE), NAMES)
        said = by_name(box.run(notebook(look), NAMES))
    (kinds, again) = (one["dict"] for one in said["double"]["results"])
    assert kinds == again
    pipe = max(kinds, key=int)
    assert kinds == {"0": "null", "1": "null", "2": "null", pipe: "pipe"}
    assert said["triple"]["results"] == [[True]]


def test_only_root_of_the_machine_has_every_user(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not sandbox.has_every_user()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for text, every in (("0 0 4294967295", True), ("0 1000 1", False)):
        monkeypatch.setattr(
            sandbox, "open", lambda path, text=text: io.StringIO(text), raising=False
        )
        assert sandbox.has_every_user() is every


def test_command_keeps_capabilities_only_to_take_on_a_user():
    assert "CAP_SETUID" in sandbox.command(True)
    assert "CAP_SETUID" not in sandbox.command(False)
    assert "--unshare-user" in sandbox.command(False)


# --------------------------------------------------------------------------------------
# System calls
# --------------------------------------------------------------------------------------

ALLOW, REFUSE, ABSENT = "allow", "EPERM", "ENOSYS"
RESULTS = {0x7FFF0000: ALLOW, 0x00050001: REFUSE, 0x00050026: ABSENT}
COLUMNS = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def filtered(program, number, *arguments, architecture):
    """Return what a filter does about a call: the interpreter of classic BPF."""
    arguments = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<iIQ6Q", number, architecture, 0, *arguments)
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator, at = 0, 0
    while True:
        code, jump_true, jump_false, k = instructions[at]
        at += 1
        if code == 0x20:  # load a word
            assert k % 4 == 0
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif code == 0x54:  # and
            accumulator &= k
        elif code == 0x15:  # is equal
            at += jump_true if accumulator == k else jump_false
        elif code == 0x35:  # is greater or equal
            at += jump_true if accumulator >= k else jump_false
        else:
            assert code == 0x06  # return
            return RESULTS[k]


@pytest.mark.parametrize("machine", COLUMNS)
def test_filter_is_a_program_that_the_kernel_takes(machine):
    program = list(struct.iter_unpack("=HBBI", sandbox.forbidden_calls(machine)))
    assert len(program) <= 4096
    for at, (code, jump_true, jump_false, _) in enumerate(program):
        assert code in (0x20, 0x54, 0x15, 0x35, 0x06)
        if code in (0x15, 0x35):
            assert at + 1 + max(jump_true, jump_false) < len(program)
        else:
            assert jump_true == jump_false == 0
    assert program[-1][0] == 0x06


@pytest.mark.parametrize("machine", COLUMNS)
def test_filter_refuses_what_is_listed_and_nothing_else(machine):
    column, architecture = COLUMNS[machine]
    program = sandbox.forbidden_calls(machine)
    clone, clone3, mmap, prlimit = (
        numbers[column]
        for numbers in (sandbox.CLONE, sandbox.CLONE3, sandbox.MMAP, sandbox.PRLIMIT)
    )
    refused = {numbers[column] for numbers in sandbox.CALLS.values()}
    for number in range(1024):
        expected = REFUSE if number in refused else ALLOW
        expected = ABSENT if number == clone3 else expected
        came = filtered(program, number, architecture=architecture)
        assert came == expected, number
        for other in (0, 0x40000003, 0xC0000028):
            assert filtered(program, number, architecture=other) == REFUSE
        x32 = number | 0x40000000
        assert filtered(program, x32, architecture=architecture) == REFUSE
    assert filtered(program, -1, architecture=architecture) == REFUSE

    def result(*call):
        return filtered(program, *call, architecture=architecture)

    for bit in range(64):
        new = bit in (17, 25, 26, 27, 28, 29, 30)  # the namespaces, linux/sched.h
        assert result(clone, 1 << bit) == (REFUSE if new else ALLOW), bit
    for flags in range(256):
        shared = flags & 0x01 and flags & 0x20
        assert result(mmap, 0, 4096, 3, flags) == (REFUSE if shared else ALLOW)
    assert result(mmap, 0x21, 0x21, 0x21, 0x22, 0x21, 0x21) == ALLOW
    assert result(prlimit, 0, 7) == ALLOW
    for process in (1, 2, 1 << 31, 0xFFFFFFFF):
        assert result(prlimit, process, 7) == REFUSE


def test_machine_that_is_not_known_is_an_error():
    with pytest.raises(SandboxError, match=r"not of\s+riscv64"):
        sandbox.forbidden_calls("riscv64")


# The calls by the names that the C library has for them, and the others by number:
# without useful arguments each would fail anyhow, but hardly one with EPERM.
CALL = """
def double(x):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    came = {}
    for name, number in CALLS.items():
        ctypes.set_errno(0)
        if name != "mq_open" and hasattr(libc, name):  # reads a name
            getattr(libc, name)(-1, -1, -1, -1, -1, -1)
        else:
            libc.syscall(number, -1, -1, -1, -1, -1, -1)
        came[name] = ctypes.get_errno()
    return came

def triple(x):
    import ctypes, mmap, resource
    libc = ctypes.CDLL(None, use_errno=True)
    came = []
    for attempt in (
        lambda: mmap.mmap(-1, 4096),
        lambda: resource.prlimit(1, resource.RLIMIT_CORE),
    ):
        try:
            attempt()
            came.append(0)
        except OSError as error:
            came.append(error.errno)
    mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    resource.prlimit(0, resource.RLIMIT_CORE)
    for number, *arguments in OTHERS:
        ctypes.set_errno(0)
        libc.syscall(number, *arguments)
        came.append(ctypes.get_errno())
    return came
"""
NEW_USER = 0x10000000  # CLONE_NEWUSER


def test_kernel_refuses_each_call(monkeypatch):
    column, _ = COLUMNS[os.uname().machine]
    calls = {name: numbers[column] for name, numbers in sandbox.CALLS.items()}
    others = [(sandbox.CLONE[column], NEW_USER, 0, 0, 0, 0), (sandbox.CLONE3[column],)]
    content = notebook(CALL, f"CALLS = {calls}\nOTHERS = {others}")
    said = by_name(run(content))
    assert said["double"]["results"][0] == {"dict": dict.fromkeys(calls, errno.EPERM)}
    refused = [errno.EPERM, errno.EPERM, errno.EPERM, errno.ENOSYS]
    assert said["triple"]["results"] == [refused]

    # It is the filter that does it: without, these are let through.
    allow = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)
    monkeypatch.setattr(sandbox, "forbidden_calls", lambda: allow)
    (came, _) = by_name(run(content))["double"]["results"]
    for name in ("socket", "socketpair", "memfd_create", "shmget", "semget", "mq_open"):
        assert came["dict"][name] not in (errno.EPERM, errno.ENOSYS), name
