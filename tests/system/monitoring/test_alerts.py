"""The alert rules: each fires when it should, and has its page of the runbook."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "k8s/monitoring"
RUNBOOK = ROOT / "docs/runbook"
HEADINGS = ("## What to look at", "## What to do")


def rules() -> list[dict[str, object]]:
    (group,) = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool: make test-needs")
def test_each_alert_fires_where_it_is_due_and_only_there() -> None:
    checked = subprocess.run(
        ["promtool", "test", "rules", str(MONITORING / "alerts_test.yaml")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_has_a_test() -> None:
    tests = yaml.safe_load((MONITORING / "alerts_test.yaml").read_text(encoding="utf-8"))["tests"]
    fired = {rule["alertname"] for test in tests for rule in test["alert_rule_test"] if rule["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules()}


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    assert {f"docs/runbook/{page.name}" for page in RUNBOOK.iterdir()} == {
        rule["annotations"]["runbook"] for rule in rules()
    }
    for rule in rules():
        page = RUNBOOK / f"{rule['alert']}.md"
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {rule['alert']}\n")
        assert all(heading in text for heading in HEADINGS), page
