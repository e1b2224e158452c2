"""U: restarts, configuration, versions."""

import shutil

from .. import spool_files
from ..row import Durations, row
from ..site import Site

CONFIGURATION = 78
LATER = "was written by a later release (format 2)"


@row("U1", "rolling restarts under load")
def restarts(site: Site, durations: Durations) -> None:
    """SIGTERM and start, again and again: order kept, copies only of what was left."""
    site.start()
    for _ in range(durations.restarts):
        site.engine.terminate()
        site.engine.start()
        site.flows()
    site.healed()


@row("U2", "a bad configuration at a restart")
def bad_configuration(site: Site, durations: Durations) -> None:
    """Refused with exit code 78; the session keeps what comes until the file is good again."""
    site.start()
    site.engine.terminate()
    good = site.settings.link
    site.settings.link = good + 'keep_alivee = "10s"\n'
    site.engine.start(ready=False)
    code = site.engine.daemon.exit_code()
    assert code == CONFIGURATION, f"exit code {code}"
    site.settings.link = good
    site.pause(2)
    site.engine.start()
    site.healed()


@row("U3", "downgrade by one release", needs=("spool",))
def downgrade(site: Site, durations: Durations) -> None:
    """A spool of a later version is refused with an explanation rather than misread, and left as it was."""
    site.open()
    spool = site.directory / "spool"
    for name in ("*.seg", "cursor-a"):
        readings = spool_files.copy(spool_files.FIXTURE, "main", spool)
        spool_files.of_later_release(sorted(readings.glob(name))[-1])
        before = {file.name: file.read_bytes() for file in readings.iterdir()}
        site.engine.start(ready=False)
        code = site.engine.daemon.exit_code()
        assert code == CONFIGURATION, f"exit code {code}"
        assert LATER in site.engine.daemon.output(), "it says why"
        assert before == {file.name: file.read_bytes() for file in readings.iterdir()}, "it was changed"
        site.engine.daemon.log.write_text("")
        shutil.rmtree(spool)
    site.engine.start()
    site.begin_load()
    site.healed()
