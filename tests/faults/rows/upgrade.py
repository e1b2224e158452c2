"""U: restarts, configuration, versions."""

from ..row import Durations, row
from ..site import Site

CONFIGURATION = 78


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


@row("U3", "downgrade by one release", needs=("spool", "fixtures"))
def downgrade(site: Site, durations: Durations) -> None:
    """A spool of a later version is refused with an explanation rather than misread."""
    raise NotImplementedError
