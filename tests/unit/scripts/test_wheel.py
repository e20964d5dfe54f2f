"""What is installed: the library and the server, and nothing that only development uses."""

from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[3]


def test_the_wheel_has_two_packages_and_no_more():
    files = [Path(each.distribution_path) for each in WheelBuilder(str(ROOT)).recurse_included_files()]
    assert {file.parts[0] for file in files} == {"schemaregistry", "schemaregistry_server"}
    assert Path("schemaregistry/cli/app.py") in files
