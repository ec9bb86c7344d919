"""How often findings are right: ``python -m tests.benchmarks.findings [GPU_LOGS]``.

Runs every detector over generated recordings of machines, two thirds of them harmless, and prints
for each kind how often it was right. The thresholds were tuned on the even seeds, so only the odd
ones are judged, unless ``--seeds even`` asks for the others. With a folder of real recordings (CSV
files of ``nvidia-smi``), it lists what the detectors find in those instead: the truth about them is
not known for sure.
"""

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from advisor.analysis import Analysis
from advisor.detectors import registry
from advisor.findings import Finding
from tests.benchmarks.corpus.judge import HEAD, Judge, beginnings
from tests.benchmarks.corpus.logs import recordings, thinned
from tests.benchmarks.corpus.machine import Content
from tests.benchmarks.corpus.scenes import SCENES, scene

ROUNDS = 24  # recordings of each kind of machine, in both halves


def judge(*, odd: bool, rounds: range, only: str, verbose: bool) -> None:
    """Judge one half of the corpus and print a table."""
    total, spent, samples, harmless, hours = Judge(), 0.0, 0, 0.0, 0.0
    number = 0
    first = rounds.start * len(SCENES) // 2 * 2
    for seed in range(first + odd, rounds.stop * len(SCENES), 2):
        each = scene(seed)
        if not re.search(only, each.name):
            continue
        contents = list(each.contents)
        begin = time.process_time()
        found = list(findings_in(contents))
        spent += time.process_time() - begin
        length = (contents[-1].timestamp - contents[0].timestamp) / 3.6e6
        number, samples, hours = number + 1, samples + len(contents), hours + length
        harmless += 0 if each.truths else length
        wrong = total.add(found, each.truths)
        if wrong and verbose:
            print(f"{seed} {each.name}: {'; '.join(wrong)}")
    print(f"{number} recordings, {hours:,.0f} h, {harmless:,.0f} h of them harmless\n\n{HEAD}")
    for kind, result in sorted(total.results.items()):
        print(result.row(kind, harmless))
    print(f"\n{samples:,} samples, {spent / samples * 1e6:.0f} µs each")


def findings_in(contents: Sequence[Content]) -> Iterator[Finding]:
    """Yield what all detectors find in a recording."""
    analysis, newest = Analysis(registry.build), 0
    for content in contents:
        newest = max(newest, content.timestamp)
        yield from analysis.feed(content)
        yield from analysis.tick(newest)


def list_logs(folder: Path, interval: float) -> None:
    """Print what is found in real recordings, thinned to ``interval`` seconds unless it is 0."""
    hours, number, begun = 0.0, 0, Counter[str]()
    for name, length, samples in recordings(folder):
        hours, number = hours + length, number + 1
        found = list(findings_in(list(thinned(samples, interval)) if interval else samples))
        begun.update(each.kind for each in beginnings(found))
        for finding in found:
            minute = (finding.timestamp - samples[0].timestamp) / 60_000
            print(f"{name} {minute:.0f} min: {finding.state} {finding.kind} {finding.summary}")
    print(f"{number} recordings, {hours:,.0f} GPU-hours; {dict(begun)}")


def main() -> None:
    """Judge the corpus, or list the findings in real recordings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", nargs="?", type=Path, help="folder of real recordings")
    parser.add_argument("--interval", type=float, default=0, help="seconds to thin the logs to")
    parser.add_argument("--seeds", choices=("odd", "even"), default="odd")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--skip", type=int, default=0, help="rounds to skip, for fresh seeds")
    parser.add_argument("--only", default="", help="only machines whose name has this pattern")
    parser.add_argument("--verbose", action="store_true", help="print what was wrong")
    options = parser.parse_args()
    if options.logs:
        list_logs(options.logs, options.interval)
    else:
        judge(
            odd=options.seeds == "odd",
            rounds=range(options.skip, options.skip + options.rounds),
            only=options.only,
            verbose=options.verbose,
        )


if __name__ == "__main__":
    main()
