from tests.release import bill_problems, changelog_problems, package_problems, tag_problems

READY = "## Unreleased\n\n## 1.2.0 (2026-11-28)\n\n- News.\n\n## 1.1.0 (2026-01-01)\n\n- Old.\n"
LOCK = "sound==1.0 \\\n    --hash=sha256:00\nother==2.0 ; sys_platform == 'win32' \\\n"


def test_a_version_with_a_section_is_ready() -> None:
    assert list(changelog_problems(READY, "1.2.0")) == []


def test_a_version_without_a_section_is_not_ready() -> None:
    (problem,) = changelog_problems("# Changelog\n\n## Unreleased\n\n- News.\n", "1.2.0")
    assert problem.startswith("CHANGELOG.md has no section '## 1.2.0 (YYYY-MM-DD)'")


def test_an_empty_section_and_unreleased_changes_are_problems() -> None:
    text = "## Unreleased\n\n- More.\n\n## 1.2.0 (2026-11-28)\n"
    empty, more = changelog_problems(text, "1.2.0")
    assert "is empty" in empty
    assert "still has changes under '## Unreleased'" in more


def test_a_version_that_another_commit_has_is_a_problem() -> None:
    assert list(tag_problems({}, "abc", "1.2.0")) == []
    assert list(tag_problems({"v1.2.0": "abc"}, "abc", "1.2.0")) == []
    (problem,) = tag_problems({"v1.2.0": "def"}, "abc", "1.2.0")
    assert "raise __version__" in problem


def test_packages_of_another_version_are_a_problem() -> None:
    files = ["python.cdx.json", "dashboard.cdx.json"]
    files += ["system_monitor-1.2.0-py3-none-any.whl", "system_monitor-1.2.0.tar.gz"]
    assert list(package_problems(files, "1.2.0")) == []
    assert len(list(package_problems(files, "1.3.0"))) == 1
    assert len(list(package_problems(files[1:], "1.2.0"))) == 1


def test_the_bill_of_materials_must_have_exactly_the_locked_packages() -> None:
    listed = [{"name": "sound", "version": "1.0"}, {"name": "other", "version": "2.0"}]
    bill = {"bomFormat": "CycloneDX", "components": listed}
    assert list(bill_problems(bill, LOCK)) == []
    (problem,) = bill_problems({**bill, "components": listed[:1]}, LOCK)
    assert "('other', '2.0')" in problem
    (problem,) = bill_problems({"components": listed}, LOCK)
    assert "not in CycloneDX's format" in problem
