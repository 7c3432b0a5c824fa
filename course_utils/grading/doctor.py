"""Say whether the sandbox works on this machine and, if not, what to do about it."""

from __future__ import annotations

import json
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from course_utils.grading.sandbox import Limits, SandboxError, borrowed

OS_RELEASE = Path("/etc/os-release")
INSTALL = {
    "debian": "sudo apt install bubblewrap",
    "ubuntu": "sudo apt install bubblewrap",
    "fedora": "sudo dnf install bubblewrap",
    "rhel": "sudo dnf install bubblewrap",
    "arch": "sudo pacman -S bubblewrap",
    "suse": "sudo zypper install bubblewrap",
    "alpine": "sudo apk add bubblewrap",
}

# Settings of the kernel that keep a user from making a sandbox, and what to do then.
KERNEL = {
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "Ubuntu lets only programs with an AppArmor profile make a sandbox. Allow it\n"
        "for bubblewrap: write these lines to /etc/apparmor.d/bwrap\n\n"
        "    abi <abi/4.0>,\n"
        "    include <tunables/global>\n"
        "    profile bwrap /usr/bin/bwrap flags=(unconfined) {\n"
        "      userns,\n"
        "    }\n\n"
        "and then: sudo systemctl reload apparmor",
    ),
    "/proc/sys/kernel/unprivileged_userns_clone": (
        "0",
        "User namespaces are switched off. Switch them on:\n"
        "    sudo sysctl kernel.unprivileged_userns_clone=1",
    ),
    "/proc/sys/user/max_user_namespaces": (
        "0",
        "User namespaces are switched off. Switch them on:\n"
        "    sudo sysctl user.max_user_namespaces=10000",
    ),
}

# An answer that finds out what it can reach. Each line of what it returns is a fault.
PROBE = """\
def probe(folder):
    import os, signal, socket
    found = []

    def can(what, attempt):
        try:
            attempt()
        except OSError:
            return
        found.append("an answer can " + what)

    def connect():
        with socket.socket() as s:
            s.connect(("127.0.0.1", 9))

    def fork_without_end():
        for _ in range(1000):
            if os.fork() == 0:
                signal.pause()

    can("reach a network", connect)
    if os.access("/usr", os.W_OK):
        found.append("an answer can write to the file system")
    can("see the folder of the grader", lambda: os.listdir(folder))
    can("look into the process that watches it", lambda: open("/proc/1/mem", "rb"))
    can("start processes without end", fork_without_end)
    return found
"""
DECLARATION = """\
from course_utils.exercises import Exercise
EXERCISES = [Exercise("probe", 1, lambda rng: ())]
"""


def find_problem() -> str | None:
    """Return why the sandbox does not work here and what to do, else ``None``."""
    if sys.platform != "linux":
        return (
            f"The sandbox needs Linux, and this is {platform.system()}. Grade on\n"
            "Linux, in a virtual machine or in WSL 2. The rest works here."
        )
    if not shutil.which("bwrap"):
        return f"bubblewrap is not installed. Install it:\n    {_install_command()}"
    notebook = {"cells": [{"cell_type": "code", "source": PROBE}]}
    with tempfile.TemporaryDirectory() as folder:
        job = {
            "imports": "",
            "declaration": DECLARATION,
            "preload": [],
            "given": {"probe": [{"tuple": [folder]}]},
        }
        try:
            with borrowed(job, limits=Limits(wall=20)) as sandbox:
                said = sandbox.run(json.dumps(notebook).encode(), ["probe"])
        except SandboxError as error:
            return f"bubblewrap does not work here:\n    {error}\n{_kernel_advice()}"
    answers = [message for message in said if message.get("name") == "probe"]
    answer = answers[0] if answers else {}
    if answer.get("status") != "ok":
        return f"The probe did not come back from the sandbox: {answer}"
    (found,) = answer["results"]
    if found:
        return "The sandbox does not hold: " + "; ".join(map(str, found)) + "."
    return None


def _install_command() -> str:
    """Return how to install bubblewrap on this distribution."""
    text = OS_RELEASE.read_text(encoding="utf-8") if OS_RELEASE.exists() else ""
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    names = [fields.get("ID", ""), *fields.get("ID_LIKE", "").strip('"').split()]
    known = [INSTALL[name.strip('"')] for name in names if name.strip('"') in INSTALL]
    return known[0] if known else "the package is called bubblewrap"


def _kernel_advice() -> str:
    """Return what a setting of the kernel may have to do with it."""
    for path, (value, advice) in KERNEL.items():
        setting = Path(path)
        if setting.exists() and setting.read_text().strip() == value:
            return advice
    return (
        "In a container, start it with the right to make namespaces (Docker: "
        "--privileged,\nor --cap-add SYS_ADMIN --security-opt seccomp=unconfined)."
    )
