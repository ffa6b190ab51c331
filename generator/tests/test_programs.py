"""A test whose program is not installed is skipped, and the summary says what to install."""

from __future__ import annotations

from pathlib import Path

import pytest
from ampmap_tests_support import programs


@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "two workers"])
def test_the_summary_names_the_packages(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(programs.__file__).parents[1]))
    pytester.makeconftest(
        """
        from ampmap_tests_support import programs
        programs.PLACES = ()
        pytest_plugins = ["ampmap_tests_support.plugin"]
        """
    )
    pytester.makepyfile(
        """
        import pytest
        from ampmap_tests_support.programs import need_program, skip_without

        def test_browser(chromium): ...
        def test_also(chromium): ...
        def test_nginx(nginx): ...
        def test_node(node): ...
        def test_caddy(): need_program("caddy")
        def test_npm(): skip_without("npm")
        def test_other(): pytest.skip("for another reason")
        """
    )
    result = pytester.runpytest_subprocess("-rs", *arguments)
    result.assert_outcomes(skipped=7)
    result.stdout.fnmatch_lines(
        [
            "SKIPPED * test_the_summary_names_the_packages.py:* caddy is not installed (Debian: caddy)",
            "6 tests were skipped: install caddy, chromium, nginx-light, nodejs, npm (Debian) to run them",
        ]
    )


def test_a_program_is_found_by_any_of_its_names_and_where_servers_lie(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("sbin/nginx", "bin/chromium-browser"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(programs, "PLACES", (str(tmp_path / "sbin"),))

    assert programs.find_program("chromium") == str(tmp_path / "bin/chromium-browser")
    assert programs.need_program("nginx") == str(tmp_path / "sbin/nginx")
    assert programs.find_program("caddy") is None


def test_nothing_is_said_of_skips_for_other_reasons() -> None:
    assert programs.describe_skips(["could not import 'mike'"]) == ""
    assert programs.describe_skips([programs.REASON.format("curl", "curl")]) == (
        "1 test was skipped: install curl (Debian) to run it"
    )
