"""What is made once is made once for all workers, and made again only when making it failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from ampmap_tests_support import once
from ampmap_tests_support.once import made_once


@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "two workers"])
def test_all_workers_share_what_one_made(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(once.__file__).parents[1]))
    pytester.makepyfile(
        f"""
        import pytest
        from pathlib import Path
        from ampmap_tests_support.once import made_once

        def make(folder):
            with Path({str(tmp_path / "made")!r}).open("a") as file:
                file.write("x")
            (folder / "file").write_text("whole")

        @pytest.mark.parametrize("number", range(6))
        def test_it(number, tmp_path_factory):
            assert (made_once(tmp_path_factory, "dear", make) / "file").read_text() == "whole"
        """
    )
    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=6)
    assert (tmp_path / "made").read_text(encoding="utf-8") == "x"


def test_what_failed_half_way_is_made_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    name = "failing-once"

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        made_once(tmp_path_factory, name, fail)
    made = made_once(tmp_path_factory, name, lambda folder: (folder / "whole").touch())
    assert [path.name for path in made.iterdir()] == ["whole"]
