"""Command line of the benchmark, run by the launcher: ``make bench``."""

import argparse
import json
import os
import platform
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from deploy.local.errors import Interrupted, LaunchError
from deploy.local.stack import is_throwaway
from deploy.local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Measure what was asked for; return the exit status."""
    if not is_throwaway(os.environ):
        print("bench: run `make bench`, which starts what it needs", file=sys.stderr)
        return 1
    import django

    django.setup()
    from deploy.bench import measures, report, site
    from deploy.bench.errors import Unfit
    from platform_shared.tenancy import binding

    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(measures.PARTS)}")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it work at all?")
    parser.add_argument("--output", type=Path, default=ROOT / ".local" / "bench.json")
    options = parser.parse_args()
    for part in options.parts:
        if part not in measures.PARTS:
            parser.error(f"{part!r} is none of {', '.join(measures.PARTS)}")
    chosen = options.parts or [p for p in measures.PARTS if p not in measures.ON_REQUEST]

    binding.default_to_platform()
    began = time.monotonic()
    load_before = round(os.getloadavg()[0], 1)
    with Supervisor(Path(os.environ["BENCH_HOME"]) / "logs" / "bench") as supervisor:

        def stop(_number: int, _frame: FrameType | None) -> None:
            supervisor.interrupt()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        place = site.environment_site(os.environ, supervisor)
        bench = measures.Bench(place, measures.QUICK if options.quick else measures.FULL)
        figures: dict[str, object] = {}
        failed = False
        try:
            with place.superuser() as connection:
                server = connection.info.parameter_status("server_version")
            for part in chosen:
                try:
                    figures |= measures.PARTS[part](bench)
                except Unfit as error:
                    print(f"bench: {part}: {error}", file=sys.stderr)
                    failed = True
        except Interrupted:
            return 130
        except LaunchError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    figures["machine"] = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "postgres": server,
        "load_before": load_before,
    }
    figures["quick"] = options.quick
    figures["seconds"] = round(time.monotonic() - began)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(figures, indent=2) + "\n")
    print(report.markdown(figures))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
