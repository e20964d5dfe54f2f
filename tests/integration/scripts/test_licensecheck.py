"""third_party/licensecheck, which `make licences` runs over Go modules: ids of known texts, and none made up."""

import shutil
import subprocess
from pathlib import Path

from scripts.find_go import ROOT, find_go


def test_known_texts_are_named_and_unknown_ones_are_said_to_be(tmp_path: Path) -> None:
    for folder, name in (("known", "LICENSE"), ("both", "COPYING.txt"), ("none", "README.md"), ("other", "LICENSE.md")):
        (tmp_path / folder).mkdir()
        if folder in ("known", "both", "none"):
            shutil.copy(ROOT / "LICENSE", tmp_path / folder / name)
        else:
            (tmp_path / folder / name).write_text("Use it on Tuesdays, and tell nobody.\n" * 40)
    (tmp_path / "both/LICENSE-extra").write_text("Use it on Tuesdays, and tell nobody.\n" * 40)
    folders = [str(tmp_path / name) for name in ("known", "both", "none", "other")]
    ended = subprocess.run(
        [find_go(), "run", ".", *folders],
        cwd=ROOT / "third_party/licensecheck",
        check=True,
        capture_output=True,
        text=True,
    )
    found = {Path(folder).name: ids for folder, _, ids in (line.partition("\t") for line in ended.stdout.splitlines())}
    assert found == {"known": "Apache-2.0", "both": "Apache-2.0 unknown", "none": "", "other": "unknown"}
