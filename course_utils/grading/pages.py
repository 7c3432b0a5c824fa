"""Pages made from the results: feedback for each student, a report for the instructor.

A page is one file without scripts and without requests: it opens from a folder, in an
e-mail, on a phone. What came from a student is escaped, cut where it is very long, and
has no hidden characters left in it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from course_utils.grading.export import (
    UNSAFE,
    clip,
    explain,
    file_name,
    is_right,
    number,
    one_line,
    visible,
    write_files,
)
from course_utils.grading.results import STATUSES
from course_utils.grading.similarity import (
    FEW,
    Pair,
    is_written,
    similar_pairs,
    too_little,
)

_TEMPLATES = Path(__file__).parent / "templates"
_SAME = 5  # groups of equal wrong answers that the report shows of an exercise
_LISTED = 50  # lines of a list in the report


def write_feedback(
    records: Sequence[dict],
    target: Path,
    *,
    names: Mapping[str, str] | None = None,
    titles: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write ``target/<student>.html`` for each student and return the paths.

    Parameters
    ----------
    records : sequence of dict
        As ``results.read_results`` returns them.
    target : Path
        A folder; it is made where it is missing.
    names : mapping, optional
        The students' names by their ids. Without one, the id is shown.
    titles : mapping, optional
        The chapters' titles, ``{"08-backprop": "Backpropagation"}``.

    Raises
    ------
    ValueError
        There are no records, or an id cannot be the name of a file.
    FileExistsError
        A file of that name is there, and is not a feedback page.
    """
    _some_records(records)
    by_student: dict[str, list[dict]] = {}
    for record in sorted(records, key=lambda r: (r["student"], r["chapter"])):
        by_student.setdefault(record["student"], []).append(record)
    template = _environment().get_template("feedback.html")
    files = {}
    for student, found in by_student.items():
        page = template.render(
            name=(names or {}).get(student) or student,
            chapters=[_chapter(record, titles or {}) for record in found],
            score=_sum(record["score"] for record in found),
            points=sum(record["points"] for record in found),
            to_do=[e["name"] for r in found for e in r["exercises"] if _is_wrong(e)],
            unsafe=any(record["sandbox"] == "none" for record in found),
        )
        files[Path(target) / f"{file_name(student)}.html"] = page.encode()
    write_files(files, lambda old: _made_by("course feedback", old), "course feedback")
    return list(files)


def write_report(
    records: Sequence[dict],
    target: Path,
    *,
    names: Mapping[str, str] | None = None,
    titles: Mapping[str, str] | None = None,
    stubs: Mapping[str, str] | None = None,
    regrade: str = "course grade submissions/ -o results.jsonl --regrade",
) -> None:
    """Write the instructor's page: what needs attention, scores, mistakes, likeness.

    Parameters
    ----------
    records : sequence of dict
        As ``results.read_results`` returns them.
    target : Path
        The file to write.
    names, titles : mapping, optional
        As for :func:`write_feedback`.
    stubs : mapping, optional
        As for :func:`~course_utils.grading.similarity.similar_pairs`.
    regrade : str
        The command that grades a student again, to which the id is added.

    Raises
    ------
    ValueError
        There are no records.
    FileExistsError
        `target` is there, and is not a report.
    """
    _some_records(records)
    records = sorted(records, key=lambda r: (r["chapter"], r["student"]))
    known = names or {}

    def who(student: str) -> str:
        return f"{known[student]} ({student})" if known.get(student) else student

    failed = _of_status(records, "infra_error")
    page = (
        _environment()
        .get_template("report.html")
        .render(
            students=len({record["student"] for record in records}),
            counts=_counts(records),
            failed=_listed(failed, who),
            commands=_commands(failed, regrade),
            unreadable=_listed(_of_status(records, "unreadable"), who),
            noted=_listed([r for r in records if _is_noted(r)], who),
            unsafe=sum(record["sandbox"] == "none" for record in records),
            chapters=_chapters(records, titles or {}),
            pairs=_pairs(similar_pairs(records, stubs), who, titles or {}),
            compared=_compared(records, stubs, titles or {}),
        )
    )
    path = Path(target)
    write_files(
        {path: page.encode()},
        lambda old: _made_by("course report", old),
        "course report",
    )


def _some_records(records: Sequence[dict]) -> None:
    if not records:
        raise ValueError("there are no results: run `course grade` first")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "line": one_line,
        "number": number,
        "text": _text,
        "short": _short,
    }
    environment.globals |= {"FEW": FEW, "UNSAFE": UNSAFE}
    return environment


def _text(text: str) -> str:
    """Return a text of several lines as a page shows it, without what is hidden."""
    return visible(clip(text))


def _short(text: str) -> str:
    return visible(clip(text, 300))


def _made_by(command: str, page: bytes) -> bool:
    return f'<meta name="generator" content="{command}">'.encode() in page[:2000]


def _sum(scores: Iterable[float | None]) -> float | None:
    scores = list(scores)
    return None if None in scores else sum(scores)


def _is_wrong(exercise: dict) -> bool:
    return exercise["status"] != "infra_error" and not is_right(exercise)


# --------------------------------------------------------------------------------------
# Feedback
# --------------------------------------------------------------------------------------


def _chapter(record: dict, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "title": titles.get(record["chapter"], record["chapter"]),
        "record": record,
        "said": _said(record),
        "exercises": [
            exercise
            | {
                "right": is_right(exercise),
                "explained": explain(exercise),
                "problem": exercise["problem"],
            }
            for exercise in record["exercises"]
        ],
    }


def _said(record: dict) -> str:
    """Return what there is to say of a notebook as a whole."""
    return {
        "ok": "",
        "missing": "No notebook was handed in for this chapter, which counts as 0.",
        "unreadable": "Your notebook could not be read, and so nothing in it was run. "
        "Open it in Jupyter, save it, and hand in the file that ends in .ipynb.",
        "infra_error": STATUSES["infra_error"],
    }[record["status"]]


# --------------------------------------------------------------------------------------
# The report
# --------------------------------------------------------------------------------------


def _of_status(records: Sequence[dict], status: str) -> list[dict]:
    """Return the records of a status, or with an exercise of it."""
    return [
        record
        for record in records
        if record["status"] == status
        or any(exercise["status"] == status for exercise in record["exercises"])
    ]


def _is_noted(record: dict) -> bool:
    return bool(record["note"]) and record["status"] in ("ok", "missing")


def _counts(records: Sequence[dict]) -> dict[str, int]:
    failed = [r for r in records if r["score"] is None]
    rest = [r for r in records if r["score"] is not None]
    counts = {
        status: sum(record["status"] == status for record in rest)
        for status in ("ok", "missing", "unreadable")
    }
    return counts | {"infra_error": len(failed)}


def _listed(records: Sequence[dict], who: Any) -> dict[str, Any]:
    lines = [
        {"who": who(r["student"]), "chapter": r["chapter"], "note": r["note"] or ""}
        for r in records
    ]
    return {"lines": lines[:_LISTED], "more": max(0, len(lines) - _LISTED)}


def _commands(records: Sequence[dict], regrade: str) -> list[str]:
    students = dict.fromkeys(record["student"] for record in records)
    return [f"{regrade} {shlex.quote(visible(student))}" for student in students]


def _chapters(records: Sequence[dict], titles: Mapping[str, str]) -> list[dict]:
    by_chapter: dict[str, list[dict]] = {}
    for record in records:
        by_chapter.setdefault(record["chapter"], []).append(record)
    return [
        {
            "title": titles.get(name, name),
            "scores": _scores(found),
            "exercises": _exercises(found),
        }
        for name, found in by_chapter.items()
    ]


def _scores(records: Sequence[dict]) -> dict[str, Any]:
    """Return how many have each score: a bar for each, at most twelve."""
    points = max(record["points"] for record in records)
    scores = [r["score"] for r in records if r["score"] is not None]
    width = max(1, -(-points // 11))
    bars = []
    for low in reversed(range(0, int(points) + 1, int(width))):
        high = min(low + width - 1, int(points))
        count = sum(low <= score < high + 1 for score in scores)
        label = str(low) if high == low else f"{low} to {high:g}"
        bars.append({"label": label, "count": count})
    most = max([1, *(bar["count"] for bar in bars)])
    for bar in bars:
        bar["width"] = round(100 * bar["count"] / most, 1)
    return {
        "points": points,
        "bars": bars,
        "median": median(scores) if scores else None,
        "full": sum(score == points for score in scores),
        "scored": len(scores),
        "none": len(records) - len(scores),
    }


def _exercises(records: Sequence[dict]) -> list[dict]:
    by_name: dict[str, list[dict]] = {}
    for record in records:
        for exercise in record["exercises"]:
            by_name.setdefault(exercise["name"], []).append(exercise)
    return [_exercise(name, found, len(records)) for name, found in by_name.items()]


def _exercise(name: str, found: Sequence[dict], among: int) -> dict[str, Any]:
    apart = ("infra_error", "unreadable")
    tried = [e for e in found if e["status"] not in ("missing", *apart)]
    right = sum(is_right(exercise) for exercise in tried)
    failed, unread = (sum(e["status"] == status for e in found) for status in apart)
    groups = _groups([exercise for exercise in tried if not is_right(exercise)])
    return {
        "name": name,
        "right": right,
        "tried": len(tried),
        "share": round(100 * right / len(tried)) if tried else None,
        "absent": among - len(tried) - failed - unread,
        "failed": failed,
        "unread": unread,
        "groups": groups[:_SAME],
        "others": len(groups) - _SAME if len(groups) > _SAME else 0,
        "in_others": sum(group["count"] for group in groups[_SAME:]),
    }


def _groups(wrong: Sequence[dict]) -> list[dict]:
    """Return the wrong answers by what went wrong, the most common first.

    Equal are those with the same hint; without a hint, those that returned the same
    values with the same problem; and those that were stopped for the same reason.
    """
    groups: dict[tuple, dict[str, Any]] = {}
    for exercise in wrong:
        if exercise["status"] != "ok":
            key: tuple = ("status", exercise["status"])
            what = exercise["problem"] or STATUSES[exercise["status"]]
        elif exercise["hint"]:
            key, what = ("hint", exercise["hint"]), exercise["hint"]
        else:
            what = exercise["problem"] or "No problem was described."
            key = ("answers", exercise["answers"], what)
        group = groups.setdefault(key, {"what": what, "count": 0, "came": None})
        group["count"] += 1
        group["came"] = group["came"] or exercise["came"]
    return sorted(groups.values(), key=lambda g: (-g["count"], g["what"]))


def _pairs(pairs: Sequence[Pair], who: Any, titles: Mapping[str, str]) -> list[dict]:
    return [
        {
            "first": who(pair.first),
            "second": who(pair.second),
            "chapter": titles.get(pair.chapter, pair.chapter),
            "alike": round(100 * pair.alike),
            "shared": pair.shared,
            "exercises": pair.exercises,
        }
        for pair in pairs
    ]


def _compared(
    records: Sequence[dict],
    stubs: Mapping[str, str] | None,
    titles: Mapping[str, str],
) -> list[dict]:
    """Return by chapter how many could be compared, and how many were too short."""
    short = too_little(records, stubs)
    found = []
    for chapter, students in short.items():
        written = sum(
            record["chapter"] == chapter and any(map(is_written, record["exercises"]))
            for record in records
        )
        found.append(
            {
                "chapter": titles.get(chapter, chapter),
                "compared": written - len(students),
                "short": len(students),
            }
        )
    return found
