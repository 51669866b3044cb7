"""Run the platform on one machine, with nothing installed system-wide.

`python -m deploy.local --help` lists the commands. The modules, low to high:

- `leash`: the small process that stands between the launcher and each child, and ends the child
  when the launcher is gone, however it went.
- `supervisor`: starts children on leashes, waits for them, stops them in order.
- `ports`, `postgres`, `valkey`: the two services, from binaries inside the virtual environment.
- `servers`: the command lines of web, worker and beat.
- `stack`: services and secrets together, kept (`.local/`) or thrown away (`.local/tmp/`).
- `commands`: demo, journey, services, run.
"""
