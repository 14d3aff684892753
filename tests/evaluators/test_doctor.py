import json
import subprocess
import sys
from pathlib import Path

import pytest

from armtrial.evaluators import doctor
from armtrial.evaluators.machine import Finding, Status

ROOT = Path(__file__).parent.parent.parent


def test_the_cure_stands_beneath_the_problem():
    text = doctor.table(
        [
            Finding("egl", Status.MISSING, "no device", "sudo apt-get install libegl1"),
            Finding("disk", Status.OK, "1 GiB"),
        ]
    )
    lines = [line.split() for line in text.splitlines()[2:]]
    assert lines == [
        ["egl", "missing-optional", "no", "device"],
        ["->", "sudo", "apt-get", "install", "libegl1"],
        ["disk", "ok", "1", "GiB"],
    ]


def test_a_long_fact_is_cut_in_the_table_and_whole_in_json():
    findings = [Finding("egl", Status.BROKEN, "word " * 100)]
    assert max(map(len, doctor.table(findings).splitlines())) < 160
    assert json.loads(doctor.plain(findings)) == [
        {"name": "egl", "status": "broken", "fact": "word " * 100, "cure": ""},
    ]


def test_what_is_broken_is_summed_up_and_ends_with_status_2():
    findings = [Finding("torch", Status.BROKEN, ""), Finding("GPU", Status.MISSING, "")]
    assert doctor.summary(findings) == "Broken: torch. Missing, and optional: GPU."
    assert doctor.status(findings) == 2
    assert doctor.status(findings[1:]) == 0
    assert doctor.summary([Finding("torch", Status.OK, "")]) == "All that is required works."


def test_help_tells_the_meaning_of_each_status_and_of_the_exit_status(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        doctor.run(["--help"])
    text = capsys.readouterr().out
    assert all(status.value in text for status in Status)
    assert "exit status: 0" in text


@pytest.mark.slow
def test_the_doctor_sees_this_machine_whole_and_imports_nothing_heavy():
    program = (
        "import sys; from armtrial.evaluators.doctor import run; status = run(['--json', '--limit', '120']); "
        "assert not {'torch', 'mujoco', 'lerobot'} & set(sys.modules); raise SystemExit(status)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.stderr == ""
    assert findings["renderer"]["status"] == findings["ffmpeg"]["status"] == "ok"
    assert not [finding for finding in findings.values() if "no answer in" in finding["fact"]]
