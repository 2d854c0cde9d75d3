"""Makes a model card: ``card`` measures a model and its teacher, and writes text and figures; ``bench`` times both."""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

from .bench import bench
from .card import card, read_log
from .figures import write_figures
from .measurements import measured
from .model_file import describe


def main() -> int:
    """Runs the command that the arguments name; errors are one line on stderr."""
    parser = argparse.ArgumentParser(prog="spookynet_card", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("card", description="Measures what is not measured yet, and writes a model card.")
    write.add_argument("model", type=Path, help="FILE.safetensors")
    write.add_argument("teacher", type=Path, help="model file")
    write.add_argument("--output", type=Path, required=True, metavar="README.md", help="with card/ beside it")
    write.add_argument("--evaluation", type=Path, metavar="JSON", help="of the training tool's evaluate --json")
    write.add_argument("--simulations", type=Path, nargs="+", default=[], metavar="JSON", help="of long_run.py")
    write.add_argument("--bench", type=Path, metavar="JSON", help="of the command bench")
    write.add_argument("--logs", type=Path, nargs="+", metavar="JSONL", help="log.jsonl of each stage of the training")
    write.add_argument("--device", default="cpu", help="that measures (default: %(default)s, in float64)")
    write.set_defaults(run=_card)
    times = commands.add_parser("bench", description="Times both models in turns; on a machine that does nothing else.")
    times.add_argument("model", type=Path)
    times.add_argument("teacher", type=Path)
    times.add_argument("--output", type=Path, required=True, metavar="JSON")
    times.add_argument("--devices", default="cpu,software", help="(default: %(default)s)")
    times.add_argument("--sizes", default="3,21,63,192", help="atoms (default: %(default)s)")
    times.add_argument("--seconds", type=float, default=1, help="of each turn (default: %(default)s)")
    times.set_defaults(run=_bench)
    options = parser.parse_args()
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _card(options) -> None:
    # That ions are outside of what a published file says about itself needs no repetition for every structure.
    warnings.filterwarnings("ignore", message=".*trained on.*")
    report = _reporter()
    about = describe(options.model)
    folder = options.output.parent / "card"
    numbers = {}
    for name, file in (("model", options.model), ("teacher", options.teacher)):
        kept = folder / f"{file.stem}.json"
        numbers[name] = measured(file, options.device, kept, lambda words: report(f"{name}: {words}"))
    extras: dict = {"simulations": [_read(path) for path in options.simulations]}
    extras["evaluation"] = _read(options.evaluation) if options.evaluation else None
    extras["bench"] = _read(options.bench) if options.bench else None
    extras["logs"] = [read_log(path) for path in options.logs] if options.logs else None
    write_figures(numbers["model"], numbers["teacher"], folder)
    text = card(about, numbers["model"], numbers["teacher"], extras, folder.name)
    options.output.write_text(text, encoding="utf-8")
    print(f"{options.output}, and {len(list(folder.glob('*.svg')))} figures in {folder}")


def _bench(options) -> None:
    devices = options.devices.split(",")
    found = bench(options.model, options.teacher, devices, options.sizes, options.seconds, _reporter())
    options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _reporter():
    started = time.perf_counter()
    return lambda words: print(f"{time.perf_counter() - started:6.1f} s  {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
