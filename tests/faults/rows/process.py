"""P: the engine's process."""

from ..row import Durations, row
from ..site import Site


@row("P1", "kill -9 at random moments")
def kills(site: Site, durations: Durations) -> None:
    """Copies at most what was unacknowledged at each kill."""
    site.start()
    for _ in range(durations.kills):
        site.flows()
        site.pause(site.chance.uniform(0.05, 2.0))
        site.engine.restart()
    site.healed()
