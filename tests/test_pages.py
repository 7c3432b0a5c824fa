"""Feedback and report: what they say, and that no text of a student becomes markup."""

import re
from html.parser import HTMLParser

import pytest
from grading_records import HOSTILE, exercise, record
from playwright.sync_api import sync_playwright
from test_similarity import ODD, RENAMED, crowd, handed_in

from course_utils.grading.pages import write_feedback, write_report
from course_utils.grading.results import STATUSES

VOID = {"meta", "br", "img", "link", "input", "hr"}
ELEMENTS = """
    html head meta title style body main section article header h1 h2 h3 p span div code
    pre dl dt dd ul li strong table caption thead tbody tr th td
"""
ATTRIBUTES = "lang charset name content http-equiv class style scope data-label"
HIDDEN = "[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066\u200b]"
FAILED = [exercise("dense", "infra_error"), exercise("loss")]


class Page(HTMLParser):
    """A page as a browser reads it; fails where elements are not closed in order."""

    def __init__(self, path):
        super().__init__()
        self.html = path.read_bytes().decode()
        self.elements, self.attributes, self.open, self.parts = set(), set(), [], []
        self.feed(self.html)
        self.close()
        assert self.open == []
        self.text = " ".join("".join(self.parts).split())

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("p", "li", "td", "th", "dt", "dd", "h1", "h2", "h3", "pre"):
            self.parts.append(" ")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.parts.append(data)


def feedback(tmp_path, *records, **options):
    paths = write_feedback(records, tmp_path, **options)
    return [Page(path) for path in paths]


def report(tmp_path, *records, **options):
    write_report(records, tmp_path / "report.html", **options)
    return Page(tmp_path / "report.html")


# --------------------------------------------------------------------------------------
# Feedback
# --------------------------------------------------------------------------------------


def test_a_page_for_each_student(tmp_path):
    records = [record("bob"), record("ada"), record("ada", chapter="02-b")]
    paths = write_feedback(records, tmp_path / "feedback")
    assert [path.name for path in paths] == ["ada.html", "bob.html"]
    assert sorted((tmp_path / "feedback").iterdir()) == paths


def test_what_a_student_is_told(tmp_path):
    wrong = exercise("dense", right=False, hint="Sum over the batch.")
    (page,) = feedback(
        tmp_path,
        record("ada", wrong, exercise("loss")),
        names={"ada": "Ada Lovelace"},
        titles={"01-one-layer": "One layer"},
    )
    for said in (
        "Feedback for Ada Lovelace 2 of 4 points Look next at dense.",
        "One layer 2 of 4 points, from ada/01-one-layer.ipynb",
        "dense 0 of 2 points 1 of 4 cases pass.",
        "What was wrong 2 of 6 values differ. Hint Sum over the batch.",
        "X = [[1., 2.]] shape (1, 2) What came [[3., 4.]] shape (1, 2)",
        "What to do next Change your code in the notebook, run its cell, then run "
        "check(dense) below it.",
        "loss ✓ 2 of 2 points All 4 cases pass.",
    ):
        assert said in page.text
    assert "check(loss)" not in page.text
    assert "Well done" not in page.text


def test_full_marks(tmp_path):
    (page,) = feedback(tmp_path, record("ada"))
    assert "4 of 4 points Every exercise is right. Well done." in page.text
    assert "Look next" not in page.text


def test_many_exercises_to_do_are_not_all_listed(tmp_path):
    wrong = [exercise(f"e{i}", right=False) for i in range(7)]
    (page,) = feedback(tmp_path, record("ada", *wrong))
    assert "Look next at e0, e1, e2, e3, e4 and 2 more." in page.text


@pytest.mark.parametrize("status", ["timeout", "oom", "crash", "output_limit"])
def test_why_code_was_stopped(tmp_path, status):
    stopped = exercise("dense", status, problem="10 s are allowed.", given=None)
    (page,) = feedback(tmp_path, record("ada", stopped))
    assert STATUSES[status] in page.text
    assert "What was wrong 10 s are allowed." in page.text
    assert "Given" not in page.text
    assert "check(dense)" in page.text


def test_an_exercise_that_is_missing(tmp_path):
    empty = exercise("dense", "missing", problem="There is no such function.")
    (page,) = feedback(tmp_path, record("ada", empty, exercise("loss")))
    assert "dense 0 of 2 points There is no answer to this exercise" in page.text
    assert "Write the function in its cell" in page.text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("missing", "No notebook was handed in for this chapter, which counts as 0."),
        (
            "unreadable",
            "Your notebook could not be read, and so nothing",
        ),
    ],
)
def test_a_notebook_with_nothing_to_run(tmp_path, status, said):
    (page,) = feedback(tmp_path, record("ada", status=status, note="not JSON"))
    assert f"{said}" in page.text
    assert "not JSON" in page.text
    assert "0 of 4 points" in page.text
    assert "check(dense)" not in page.text


@pytest.mark.parametrize(
    "failed",
    [
        record("ada", *FAILED),
        record("ada", status="infra_error", note="the disk is full"),
    ],
    ids=["an exercise", "all"],
)
def test_what_the_grader_failed_at_is_not_0(tmp_path, failed):
    (page,) = feedback(tmp_path, failed, record("ada", chapter="02-b"))
    assert "No total yet" in page.text
    assert "No score yet" in page.text
    assert STATUSES["infra_error"] in page.text
    assert "0 of" not in page.text
    assert "the disk is full" not in page.text


@pytest.mark.parametrize("write", [feedback, lambda *args: [report(*args)]])
def test_unsafe_is_said(tmp_path, write):
    (page,) = write(tmp_path / "a", record("ada", sandbox="none"))
    assert "graded without the sandbox (--unsafe)" in page.text
    (page,) = write(tmp_path / "b", record("ada"))
    assert "--unsafe" not in page.text


# --------------------------------------------------------------------------------------
# The report
# --------------------------------------------------------------------------------------


def test_the_report_counts(tmp_path):
    page = report(
        tmp_path,
        record("ada"),
        record("bob", status="missing"),
        record("cas", status="unreadable", note="not JSON"),
        record("dot", *FAILED),
        record("eve", chapter="02-b"),
    )
    assert "2 notebooks graded" in page.text
    assert "5 students in 2 chapters: 1 missing, 1 unreadable, 1 failed to run." in (
        page.text
    )
    assert "cas, 01-one-layer: not JSON" in page.text


def test_the_report_says_how_to_grade_again(tmp_path):
    failed = record("dot", status="infra_error", note="no space left")
    page = report(
        tmp_path,
        failed,
        failed | {"student": "a b;rm"},
        regrade="course grade s/ -o r.jsonl --regrade",
    )
    assert (
        "course grade s/ -o r.jsonl --regrade 'a b;rm' "
        "course grade s/ -o r.jsonl --regrade dot"
    ) in page.text
    assert "dot, 01-one-layer: no space left" in page.text
    assert page.text.index("What failed to run") < page.text.index("01-one-layer There")


def test_nothing_needs_attention(tmp_path):
    page = report(tmp_path, record("ada"), record("bob", status="missing"))
    assert "Nothing. Every notebook that was handed in could be read" in page.text


def test_notes_are_shown(tmp_path):
    page = report(tmp_path, record("ada", note="the last of a.ipynb, b.ipynb"))
    assert "ada, 01-one-layer: the last of a.ipynb, b.ipynb" in page.text
    assert "Nothing. Every" not in page.text


def test_a_long_list_is_cut(tmp_path):
    failed = [record(f"s{i:03}", status="unreadable") for i in range(60)]
    page = report(tmp_path, *failed)
    assert "s049, 01-one-layer" in page.text
    assert "s050, 01-one-layer" not in page.text
    assert "and 10 more" in page.text


def test_the_distribution_of_the_scores(tmp_path):
    wrong = exercise("dense", right=False)
    records = [record(f"a{i}") for i in range(3)]
    records += [record("b", wrong, exercise("loss")), record("c", *FAILED)]
    page = report(tmp_path, *records)
    assert "The median of 4 scores is 4 of 4 points; 3 have full marks." in page.text
    assert "1 has no score yet." in page.text
    assert "points notebooks 4 3 3 0 2 1 1 0 0 0" in page.text
    assert re.findall(r'class="bar" style="width: ([\d.]+)%', page.html) == [
        *("100.0", "0.0", "33.3", "0.0", "0.0")
    ]


@pytest.mark.parametrize("points", [1, 2.5, 11, 12, 100])
def test_every_score_is_in_one_bar(tmp_path, points):
    scores = {0, 0.5, 1, points / 2, points - 0.5, points}
    records = [
        record(f"s{i}", exercise(score=score, points=points))
        for i, score in enumerate(sorted(scores))
    ]
    page = report(tmp_path, *records)
    counts = re.findall(r'</th><td class="n">(\d+)</td>', page.html)
    assert len(counts) <= 12
    assert sum(map(int, counts)) == len(scores)


def test_the_share_that_is_right(tmp_path):
    page = report(
        tmp_path,
        record("a", exercise("dense")),
        record("b", exercise("dense")),
        record("c", exercise("dense", right=False)),
        record("d", exercise("dense", "missing")),
        record("e", exercise("dense", "infra_error")),
        record("f", exercise("dense", "unreadable"), status="unreadable"),
    )
    assert (
        "dense 67 % right 2 of the 3 who wrote an answer are right. 1 wrote none. "
        "1 could not be read. 1 failed to run."
    ) in page.text


def test_an_exercise_that_nobody_wrote(tmp_path):
    page = report(tmp_path, record("ada", status="missing"))
    assert "% right" not in page.text
    assert "0 of the 0 who wrote an answer are right. 1 wrote none." in page.text


def test_common_mistakes(tmp_path):
    def wrong(**changes):
        return exercise("dense", right=False, **changes)

    found = [
        wrong(hint="Sum over the batch.", answers="1", came="first"),
        wrong(hint="Sum over the batch.", answers="2", came="second"),
        wrong(hint="Sum over the batch.", answers="3", came=None),
        wrong(answers="same", problem="All differ.", came="seven"),
        wrong(answers="same", problem="All differ.", came="seven"),
        wrong(answers="same", problem="Another."),
        wrong(answers="other", problem="All differ.", came="eight"),
        exercise("dense", "timeout", problem="It ran for too long."),
        *[wrong(answers=str(i), problem=f"Problem {i}.") for i in range(4)],
    ]
    page = report(tmp_path, *[record(f"s{i:02}", e) for i, e in enumerate(found)])
    assert (
        "3 Sum over the batch. first 2 All differ. seven 1 All differ. eight "
        "1 Another. [[3., 4.]] shape (1, 2) 1 It ran for too long."
    ) in page.text
    assert "second" not in page.text
    assert "And 4 answers that went wrong in 4 other ways." in page.text


def test_pairs_that_are_alike(tmp_path):
    records = handed_in([*crowd(20), ODD, RENAMED, "def train(X):\n    return X\n"])
    page = report(tmp_path, *records, names={"s0020": "Ada"}, stubs={"train": "x"})
    assert "Alike is no proof." in page.text
    assert "Ada (s0020) s0021 100 % 01-one-layer: train" in page.text
    assert "1 with too little code of its own to tell." in page.text


def test_no_pair(tmp_path):
    page = report(tmp_path, *handed_in(crowd(5)))
    assert "No pair stands out." in page.text
    assert "Among so few" in page.text


# --------------------------------------------------------------------------------------
# Hostile text, files
# --------------------------------------------------------------------------------------


def hostile(text):
    """Return a record with `text` wherever a student or a file name could put it."""
    wrong = exercise(text, right=False, problem=text, hint=text, came=text)
    wrong |= {"given": [[text, text]], "answers": text, "source": text}
    other = exercise("loss", right=False, problem=text, came=text)
    return record("ada", wrong, other, note=text, file=text)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_text(tmp_path, text):
    made = hostile(text)
    others = [made | {"student": "bob", "status": "unreadable"}]
    others += [made | {"student": "cas", "status": "infra_error", "score": None}]
    options = {"names": {"ada": text, "bob": text}, "titles": {"01-one-layer": text}}
    pages = feedback(tmp_path, made, *others, **options)
    pages.append(report(tmp_path, made, *others, **options))
    for page in pages:
        assert page.elements <= set(ELEMENTS.split())
        assert page.attributes <= set(ATTRIBUTES.split())
        assert len(page.html) < 100_000
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066\u200b]", page.html
        )
    beginning = " ".join(re.split("[\x00-\x1f\x7f\u2028\u202e\ud800]", text)[0].split())
    assert beginning[:40] in pages[0].text
    assert beginning[:40] in pages[-1].text


def test_what_is_cut_says_so(tmp_path):
    (page,) = feedback(tmp_path, hostile("long " * 200_000))
    assert "(1,000,000 characters in all)" in page.text


@pytest.mark.parametrize("write", ["feedback", "report"])
def test_the_order_of_the_records_makes_no_difference(tmp_path, write):
    records = [record("ada", chapter=c, note="n") for c in ("01-a", "02-b")]
    records += [record("bob", exercise(right=False, answers="x"))]
    records += handed_in(crowd(12), right=False)
    if write == "feedback":
        first, second = feedback(tmp_path, *records), feedback(tmp_path, *records[::-1])
        assert [page.html for page in first] == [page.html for page in second]
    else:
        one = report(tmp_path, *records).html
        assert one == report(tmp_path, *records[::-1]).html


def test_pages_are_replaced_and_other_files_are_not(tmp_path):
    feedback(tmp_path, record("ada"))
    report(tmp_path, record("ada"))
    (page,) = feedback(tmp_path, record("ada", *FAILED))
    assert "No total yet" in page.text
    assert "No total yet" not in report(tmp_path, record("bob")).text
    mine = tmp_path / "bob.html"
    mine.write_text("<h1>My page</h1>")
    with pytest.raises(FileExistsError, match=r"bob\.html is there already"):
        write_feedback([record("ada"), record("bob")], tmp_path)
    assert mine.read_text() == "<h1>My page</h1>"
    assert "No total yet" in Page(tmp_path / "ada.html").text
    with pytest.raises(FileExistsError, match="`course report` did not write it"):
        write_report([record("ada")], tmp_path / "ada.html")


def test_an_id_that_is_no_file_name(tmp_path):
    with pytest.raises(ValueError, match="cannot be the name of a file"):
        write_feedback([record("../ada")], tmp_path)


@pytest.mark.parametrize("write", [write_feedback, write_report])
def test_without_results(tmp_path, write):
    with pytest.raises(ValueError, match="run `course grade` first"):
        write([], tmp_path / "x")


# --------------------------------------------------------------------------------------
# In a browser
# --------------------------------------------------------------------------------------


@pytest.mark.browser
def test_in_a_browser(tmp_path, browser_path):
    """Nothing runs, nothing is asked for, and nothing is wider than the screen."""
    texts = [*HOSTILE, "W" * 3000]
    made = record("ada", *[e for text in texts for e in hostile(text)["exercises"]])
    paths = write_feedback([made], tmp_path, names={"ada": "N" * 500})
    write_report([made], tmp_path / "report.html", titles={"01-one-layer": "T" * 500})
    seen = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.on("request", lambda request: seen.append(request.url))
        page.on("console", lambda message: seen.append(message.text))
        page.on("dialog", lambda dialog: seen.append("dialog") or dialog.dismiss())
        page.on("pageerror", lambda error: seen.append(str(error)))
        for path in [*paths, tmp_path / "report.html"]:
            for width in (1280, 360):
                page.set_viewport_size({"width": width, "height": 800})
                page.goto(path.as_uri())
                assert seen == [path.as_uri()]
                seen.clear()
                assert page.evaluate("document.documentElement.scrollWidth") == width
        browser.close()
