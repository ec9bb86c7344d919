import pytest

from collector.sensors.command import clean, short_command, short_name

PRIVATE = "hf-0123456789"


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["/usr/bin/python3", "/home/ada/train.py", "--token", PRIVATE], "python3 train.py"),
        (["python3.11", "-u", "train.py", PRIVATE], "python3.11 train.py"),
        (["python", "-m", "torch.distributed.run", PRIVATE], "python -m torch.distributed.run"),
        (["python", "-um", "vllm.entrypoints", "--api-key", PRIVATE], "python -m vllm.entrypoints"),
        (["python", "-mvllm", PRIVATE], "python -m vllm"),
        (["python", "-X", "dev", "-W", "error", "-Wdefault", "-I", "a.py"], "python a.py"),
        (["python", "-OO", "--check-hash-based-pycs", "a.py"], "python a.py"),
        (["python", "-c", f"login('{PRIVATE}')"], "python -c"),
        (["python", "-uc", f"login('{PRIVATE}')"], "python -c"),
        (["python", f"-clogin('{PRIVATE}')"], "python -c"),
        (["python", "-", PRIVATE], "python -"),
        (["python"], "python"),
        (["python", "-m"], "python -m "),
        (["/usr/bin/python3", "/usr/bin/torchrun", "--nproc", "8", "train.py"], "python3 torchrun"),
        (["bash", "run.sh", PRIVATE], "bash run.sh"),
        (["bash", "-c", f"curl -H {PRIVATE}"], "bash"),
        (["node", "--require", PRIVATE, "server.js"], "node"),
        (["/opt/llama/llama-server", "-m", "model.gguf", "--api-key", PRIVATE], "llama-server"),
        (["java", f"-Dkey={PRIVATE}", "Main"], "java"),
        (["C:\\Program Files\\Python\\python.exe", "C:\\a b\\train.py"], "python.exe train.py"),
        (["/opt/my tools/solver", "input"], "solver"),
        ([f"ray::Trainer.train {PRIVATE}"], "ray::Trainer.train"),
        ([f"VLLM::Worker key={PRIVATE}", "", ""], "VLLM::Worker"),
        ([f"trainer key={PRIVATE}", "left of what was there"], "trainer"),
        ([f"/usr/bin/trainer key={PRIVATE}"], "trainer"),
        (["/usr/lib/xorg/Xorg"], "Xorg"),
        ([], None),
        ([""], None),
    ],
)
def test_a_command_is_its_program_and_script_and_no_argument(
    arguments: list[str], command: str | None
) -> None:
    assert short_command(arguments) == command
    assert PRIVATE not in (command or "")


def test_a_command_fits_a_line_and_holds_no_control_characters() -> None:
    assert clean("a\x1b[31m\nb\udcff") == "a\ufffd[31m\ufffdb\ufffd"
    assert len(clean("x" * 500)) == 80


def test_a_name_that_the_process_may_have_set_is_cut_to_the_kernels_limit() -> None:
    assert short_name("a-name-of-more-than-15-letters") == "a-name-of-more-than-15-letters"
    assert short_name(f"trainer key={PRIVATE}") == "trainer key=hf-"
