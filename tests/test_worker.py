"""The process in the sandbox, its limits, and the sandbox around it."""

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
from course_utils.grading.sandbox import Limits, SandboxError, run_worker

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
    "given": {"double": [{"tuple": [1]}, {"tuple": [2]}], "triple": [{"tuple": [1]}]},
}
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


# --------------------------------------------------------------------------------------
# The whole of it
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sandboxed", [True, False], ids=["sandboxed", "unsafe"])
def test_worker_returns_data(sandboxed):
    content = notebook(
        DOUBLE, "import math\n\ndef triple(x):\n    return [math.pi] * 2"
    )
    said = run_worker(JOB, content, limits=Limits(), sandboxed=sandboxed)
    assert said == [
        {"name": "double", "status": "ok", "results": [2, 4], "source": DOUBLE},
        {
            "name": "triple",
            "status": "ok",
            "results": [[3.141592653589793] * 2],
            "source": "import math\ndef triple(x):\n    return [math.pi] * 2",
        },
        {"done": True},
    ]


def test_worker_of_a_user_without_privileges(monkeypatch):
    monkeypatch.setattr(sandbox, "has_every_user", lambda: False)
    said = by_name(run_worker(JOB, notebook(DOUBLE), limits=Limits()))
    assert said["double"]["results"] == [2, 4]


def test_worker_tells_what_is_missing_and_what_is_raised():
    content = notebook("def double(x):\n    raise KeyError(x)")
    said = by_name(run_worker(JOB, content, limits=Limits()))
    assert said["triple"]["status"] == "missing"
    assert said["double"]["status"] == "ok"
    assert said["double"]["results"][1]["raises"] == "KeyError: 2"


def test_worker_tells_that_there_is_no_notebook():
    said = run_worker(JOB, b"no", limits=Limits())
    assert said == [{"unreadable": "not a notebook (JSONDecodeError)"}]


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
    said = by_name(run_worker(JOB, notebook(read), limits=limits))
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
    said = by_name(run_worker(JOB, notebook(look), limits=Limits()))
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
        said = by_name(run_worker(JOB, content, limits=Limits()))
    assert said["double"]["results"] == [7, 7]


def test_main_in_this_process(monkeypatch):
    job = JOB | {"limits": LIMITS, "uid": None, "path": []}
    content = json.dumps(job).encode() + b"\n" + notebook(DOUBLE)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=written))
    monkeypatch.setattr(worker, "keep_out", lambda: None)
    before = signal.getsignal(signal.SIGINT)
    try:
        worker.main()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)
    assert [json.loads(line) for line in written.getvalue().splitlines()] == [
        {"ready": True},
        {"name": "double", "status": "ok", "results": [2, 4], "source": DOUBLE},
        {"name": "triple", "status": "missing", "results": [], "source": ""},
        {"done": True},
    ]


def test_main_tells_that_there_is_no_notebook(monkeypatch):
    job = JOB | {"limits": LIMITS, "uid": None, "path": []}
    content = io.BytesIO(json.dumps(job).encode() + b"\nno notebook")
    said = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=content))
    monkeypatch.setattr(worker, "say", said.append)
    monkeypatch.setattr(worker, "keep_out", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda *one: None)
    worker.main()
    assert said == [
        {"ready": True},
        {"unreadable": "not a notebook (JSONDecodeError)"},
    ]


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


def test_main_takes_on_the_user_of_the_job(monkeypatch):
    class Stop(Exception):
        pass

    taken = []

    def stop():
        raise Stop

    for name in ("setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(os, name, lambda *ids, name=name: taken.append((name, ids)))
    monkeypatch.setattr(worker, "keep_out", stop)
    monkeypatch.setattr(sys, "path", list(sys.path))
    job = io.BytesIO(b'{"uid": 12, "path": ["/first"]}\n')
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=job))
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
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


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


def test_memory_is_watched_in_the_sandbox(monkeypatch):
    ended = []

    def end(child):
        ended.append(child)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    monkeypatch.setattr(worker, "SUPERVISOR", 1)
    monkeypatch.setattr(worker, "memory_of_others", lambda: LIMITS["memory"] + 1)
    monkeypatch.setattr(worker, "end_all", end)
    assert worker.isolated(lambda: time.sleep(1000), LIMITS)["status"] == "oom"
    assert len(ended) == 1


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
    limited, streams = {}, []

    def end(code):
        raise Ended(code)

    monkeypatch.setattr(worker, "SUPERVISOR", 1)
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(os, "dup2", lambda source, target: streams.append(target))
    monkeypatch.setattr(worker, "limit", lambda kind, *to: limited.update({kind: to}))
    monkeypatch.setattr(worker, "address_space", lambda: 1000)
    reader, writer = os.pipe()
    with pytest.raises(Ended, match=f"^{code}$"):
        worker.run_limited(task, writer, LIMITS)
    os.close(writer)
    with open(reader, "rb") as file:
        told = [json.loads(line) for line in file]
    assert streams == [0, 1, 2]
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

    monkeypatch.setattr(worker, "SUPERVISOR", 1)
    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(os, "waitpid", wait)
    worker.end_all(None)
    kill, wait = ("kill", -1, signal.SIGKILL), ("wait", -1, os.WNOHANG)
    assert calls == [kill, wait, wait, kill, wait]
    worker.end_all(5)
    assert calls[5:] == [kill]


# --------------------------------------------------------------------------------------
# The sandbox
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (["/nonexistent/bwrap"], "/nonexistent/bwrap did not start: .*No such file"),
        (["/bin/sh", "-c", "echo no namespaces >&2; exit 1"], "^no namespaces$"),
        (["/bin/sh", "-c", "echo hello"], "ended with 0 before it was ready"),
        (["/bin/sh", "-c", "kill -9 $$"], "ended with -9 before it was ready"),
    ],
)
def test_failure_of_the_sandbox_is_no_fault_of_the_submission(
    monkeypatch, program, message
):
    monkeypatch.setattr(sandbox, "command", lambda every_user: program)
    with pytest.raises(SandboxError, match=message):
        run_worker(JOB, notebook(DOUBLE), limits=Limits())
    key = grader.AnswerKey(
        chapter="01-x",
        imports="",
        declaration=DECLARATION,
        points={"double": 1},
        cases={"double": {"cases": [], "arguments": [], "hints": []}},
        secret_id="0",
    )
    record = grader.grade_one(notebook(DOUBLE), key)
    assert record["status"] == "infra_error"
    assert record["score"] is None
    assert re.search(message, record["note"])


def test_what_a_worker_says_is_read_to_a_limit():
    process = subprocess.Popen(["yes"], stdout=subprocess.PIPE, start_new_session=True)
    received = sandbox._receive(process, seconds=30, most=100_000)
    sandbox._end(process)
    assert 100_000 < len(received) < 300_000
    assert process.returncode == -signal.SIGKILL


def test_worker_that_says_nothing_is_ended():
    process = subprocess.Popen(
        ["sleep", "1000"], stdout=subprocess.PIPE, start_new_session=True
    )
    assert sandbox._receive(process, seconds=0.1, most=100) == b""
    sandbox._end(process)
    assert process.returncode == -signal.SIGKILL


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


HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"__NR_(\w+) (\d+)"),
    "aarch64": ("/usr/include/asm-generic/unistd.h", r"__NR(?:3264)?_(\w+) (\d+)"),
}


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_are_those_of_the_kernel(machine):
    path, pattern = HEADERS[machine]
    assert os.path.exists(path), f"{path} is needed (Debian: the package libc6-dev)"
    numbers = dict(re.findall(rf"#define {pattern}\s", Path(path).read_text()))
    calls = sandbox.CALLS | {
        "clone": sandbox.CLONE,
        "clone3": sandbox.CLONE3,
        "mmap": sandbox.MMAP,
        "prlimit64": sandbox.PRLIMIT,
    }
    column, _ = COLUMNS[machine]
    expected = {name: str(both[column]) for name, both in calls.items()}
    assert {name: numbers.get(name) for name in calls} == expected


def test_machine_that_is_not_known_is_an_error():
    with pytest.raises(SandboxError, match=r"not of\s+riscv64"):
        sandbox.forbidden_calls("riscv64")


def test_kernel_refuses_each_call():
    # Called without useful arguments, each would fail anyhow: but not with EPERM, or
    # only for want of a privilege that the call before the filter shows.
    calls = {name: both[0] for name, both in sandbox.CALLS.items()}
    if os.uname().machine == "aarch64":
        calls = {name: both[1] for name, both in sandbox.CALLS.items()}
    call = f"""
def double(x):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    came = {{}}
    for name, number in {calls}.items():
        ctypes.set_errno(0)
        libc.syscall(number, -1, -1, -1, -1, -1, -1)
        came[name] = ctypes.get_errno()
    return came
"""
    said = by_name(run_worker(JOB, notebook(call), limits=Limits()))
    assert said["double"]["results"][0] == {"dict": dict.fromkeys(calls, 1)}
