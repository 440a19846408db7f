# SPDX-License-Identifier: MIT
"""The benchmark works, and its page says what it doesn't know.

KILTER_BENCH_BUILD is the folder that was built.
"""

import copy
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import charts
import page
import pytest
from parts import tools

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "performance.md"
ANSWERED = (
    35  # the steps of a mail: connect, helo, mail, 3 rcpt, data, 25 headers, their end, body, end
)

# Figures that stand nowhere else, so that they are found if they stay.
CPU = {"median": 7.77e-4, "least": 7.66e-4, "most": 7.88e-4}
END_TO_END = {
    "cpu": CPU,
    "per_second": {"median": 7701.0},
    "round_trip": 7.72e-5,
    "round_trip_99": 7.73e-5,
    "switches": 774.0,
}
FIGURES = (
    "777",
    "7,701",
    "77.2",
    "77.3",
    "774",
    "775",
    "776",
    "77.8",
    "779",
    "7.71",
    "7.74",
    "7.75",
)


def everything():
    """The results of a run that lacks nothing."""
    pairs = [f"{name} {variant}" for name in page.FILTERS for variant in ("lock", "nr")]
    work = [
        f"{compiler} {profile} {mode} {read}"
        for compiler in ("g++", "clang++")
        for profile in ("4k-hot", "storm-hot")
        for mode, read in (("parse", "64 KiB"), ("reply", "64 KiB"), ("reply", "one step"))
    ]
    modes = [
        *page.YARDSTICKS,
        *((mode, read) for mode, reads in page.MODES.items() for read in reads),
    ]
    times = {"modes": [{"mode": mode, "read": read, "ns": 779.0} for mode, read in modes]}
    scenarios = [f"{name} unix" for name in page.SCENARIOS] + [f"{name} inet" for name in page.MAIN]
    compiled = {"seconds": {"median": 7.71}, "memory": {"median": 775.0 * 1024}}
    return {
        "about": {
            **{"date": "2026-01-02", "quick": False, "cpu": "a CPU", "cpus": 2, "memory": 2**34},
            **{"virtual": False, "kernel": "6.0", "system": "a system", "load": 0.0},
            **{"kilter": "0.1.0", "commit": "abc", "versions": {"g++": "12"}},
        },
        "parts": {
            "system_calls": {pair: {"read": 775.0} for pair in pairs},
            "counts": {
                "mail": {
                    what: {pair: 776.0 for pair in pairs}
                    for what in ("allocations", "instructions")
                },
                "frame": {
                    what: {one: 77.8 for one in work} for what in ("allocations", "instructions")
                },
            },
            "in_process": {
                compiler: {
                    profile: times for profile in ("4k-hot", "storm-hot", "4k", "100k", "10m")
                }
                for compiler in ("g++", "clang++")
            },
            "end_to_end": {one: {name: END_TO_END for name in page.FILTERS} for one in scenarios},
            "memory": {
                state: {name: {"each": 7.74, "threads": 7} for name in page.FILTERS}
                for state in ("helo", "mail")
            },
            "paced": {
                count: {name: {"cpu": CPU, "round_trip": 7.72e-5} for name in page.FILTERS}
                for count in ("1", "5000")
            },
            "build_cost": {
                "compile": {
                    f"{compiler} {level} {name}": compiled
                    for compiler in ("g++", "clang++")
                    for level in ("-O0", "-O2")
                    for name in ("standard headers", "kilter")
                },
                "size": {
                    f"{compiler} {level}": {"filter": 7.75 * 1024, "without": 0.0}
                    for compiler in ("g++", "clang++")
                    for level in ("-Os", "-O2")
                },
            },
        },
    }


def written(folder, results):
    """The page that page.py makes of them, and its charts."""
    target = folder / "performance.md"
    if not target.exists():
        target.write_text(PAGE.read_text())
    (folder / "results.json").write_text(json.dumps(results))
    page.main(folder / "results.json", target)
    return target.read_text(), {
        one.stem: one.read_text() for one in (folder / "performance").iterdir()
    }


def block(text, name):
    return text.split(f"<!-- run: {name} -->")[1].split("<!-- end -->")[0]


def test_page_of_a_whole_run(tmp_path):
    text, drawn = written(tmp_path, everything())
    blocks = "".join(block(text, name) for name in page.BLOCKS)
    assert "not measured" not in blocks.lower()
    for figure in FIGURES:
        assert figure in blocks
    assert "| kilter's `epoll_server` | 775 | 775 |" in block(text, "system_calls")
    assert "777 (766..788) 1.00×" in block(text, "cpu_tcp")
    assert sorted(drawn) == ["cpu", "idle", "read-size", "system-calls"]
    for chart in drawn.values():
        assert "not measured" not in chart
        ElementTree.fromstring(chart)


@pytest.mark.parametrize(
    "gone", [{name} for name in everything()["parts"]] + [set(everything()["parts"])]
)
def test_no_old_figure_stays(tmp_path, gone):
    written(tmp_path, everything())
    results = everything()
    for name in gone:
        results["parts"][name] = {"not_measured": "it rained"}
    text, drawn = written(tmp_path, results)
    assert "it rained" in text
    if len(gone) == len(results["parts"]):
        for name in set(page.BLOCKS) - {"about"}:
            assert "ot measured: it rained" in block(text, name)
            assert not [figure for figure in FIGURES if figure in block(text, name)]
        for chart in drawn.values():
            assert "not measured: it rained" in chart
            assert not [figure for figure in FIGURES if f">{figure}" in chart]


def test_a_missing_filter_says_why_and_the_others_stay(tmp_path):
    results = copy.deepcopy(everything())
    why = {"not_measured": "no libmilter"}
    for scenario in results["parts"]["end_to_end"].values():
        scenario["libmilter"] = why
    for variant in ("lock", "nr"):
        results["parts"]["system_calls"][f"libmilter {variant}"] = why
    text, drawn = written(tmp_path, results)
    assert "| libmilter of Debian | not measured: no libmilter |" in block(text, "system_calls")
    assert "| 777 (766..788) | not measured: no libmilter | 777 (766..788) |" in block(
        text, "cpu_unix"
    )
    assert "Not measured: no libmilter." in block(text, "no_difference")
    assert ">not measured: no libmilter<" in drawn["cpu"]
    assert drawn["cpu"].count('class="ours"') == 2


def test_a_page_without_a_table_is_refused(tmp_path):
    (tmp_path / "performance.md").write_text(PAGE.read_text().replace("<!-- run: idle -->", ""))
    with pytest.raises(ValueError):
        written(tmp_path, everything())


def test_bars_are_as_long_as_their_values():
    chart = charts.bar_chart([("", [("a", 1.0, "1", True), ("b", 4.0, "4", False)])])
    widths = [
        float(one.get("width"))
        for one in ElementTree.fromstring(chart).iter()
        if one.get("class") in ("ours", "other")
    ]
    assert widths[1] == pytest.approx(4 * widths[0], abs=0.3)


@pytest.mark.parametrize(
    "value, text",
    [
        (0, "0"),
        (0.061, "0.06"),
        (1, "1.00"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (99.96, "100"),
        (43217.4, "43,217"),
    ],
)
def test_numbers(value, text):
    assert page.number(value) == text


def test_what_cannot_run_says_so(tmp_path):
    results = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, HERE / "measure.py", results, "--build", f"g++={tmp_path}", "--quick"]
        + ["--only", "in-process,system-calls"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    parts = json.loads(results.read_text())["parts"]
    assert parts["in_process"]["g++"] == {"not_measured": "kilter_bench wasn't built with g++"}
    assert parts["in_process"]["clang++"] == {
        "not_measured": "kilter_bench wasn't built with clang++"
    }
    assert parts["system_calls"]["libmilter nr"]["not_measured"].startswith("no libmilter")
    assert parts["memory"] == {"not_measured": "it wasn't asked for in this run"}
    assert "g++: not measured: kilter_bench wasn't built with g++" in done.stdout


@pytest.fixture
def bench():
    return tools.Bench({"g++": os.environ["KILTER_BENCH_BUILD"]}, quick=True)


def play(bench, *arguments, **more):
    """Without the filter, the test is left out; but not where everything must be there."""
    try:
        tools.FILTERS[arguments[0]](bench)
    except tools.NotMeasured as why:
        assert os.environ.get("CI") != "true", why
        pytest.skip(str(why))
    return tools.play(bench, *arguments, **more)


@pytest.mark.parametrize("transport", ["unix", "inet"])
@pytest.mark.parametrize("variant, replies", [("lock", ANSWERED), ("addhdr", ANSWERED), ("nr", 1)])
@pytest.mark.parametrize("name", tools.FILTERS)
def test_mails_are_played(bench, name, variant, replies, transport):
    seen = play(bench, name, variant, "--mails", 3, "--warm-up", 0, transport=transport)
    assert (seen["mails"], seen["replies"]) == (3, 3 * replies)


@pytest.mark.parametrize(
    "options",
    [
        ("--connections", 7),
        ("--per-connection", 4),
        ("--connections", 3, "--per-connection", 2),
        ("--writes", "frames"),
        ("--writes", "4k"),
        ("--profile", "100k"),
    ],
)
@pytest.mark.parametrize("variant", ["lock", "nr"])
def test_ways_to_play(bench, variant, options):
    seen = play(bench, "kilter", variant, "--mails", 10, *options)
    # A body of 100 KiB comes in two pieces, each of which is answered.
    answered = ANSWERED + ("100k" in options)
    if "--per-connection" in options and variant == "lock":
        # connect and helo are said once for all mails of a connection.
        answered -= 2
        connections = -(-10 // options[-1])
        assert seen["replies"] == 10 * answered + 2 * connections
    else:
        assert seen["replies"] == 10 * (answered if variant == "lock" else 1)
    assert seen["mails"] == 10


@pytest.mark.parametrize("options", [(), ("--idle-mail",)])
def test_idle_connections(bench, options):
    seen = play(bench, "kilter", "lock", "--idle", 50, *options, "--mails", 0, "--warm-up", 0)
    assert (seen["idle"], seen["mails"]) == (50, 0)
    assert seen["resident"] >= seen["resident_at_first"] > 0


def test_a_filter_that_ends_is_a_reason(bench, monkeypatch):
    monkeypatch.setitem(tools.FILTERS, "gone", lambda _: ["false"])
    with pytest.raises(tools.NotMeasured, match="the filter has ended, with status 1"):
        play(bench, "gone", "lock", "--mails", 1)
