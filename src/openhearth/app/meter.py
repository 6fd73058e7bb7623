"""Who is told of every finished call: the metrics, and the log when something of ours broke."""

from openhearth.engines.ports import EngineHost
from openhearth.telemetry.log import Log
from openhearth.telemetry.metrics import Metrics


class Meter:
    """``relay.pipeline.Meter`` over metrics and log."""

    def __init__(self, metrics: Metrics, engines: EngineHost) -> None:
        self._engines = engines
        self._log = Log("relay")
        self._metrics = metrics
        self.finished = metrics.finished  # bound once: the hot path calls it for every request

    def bug(self, error: Exception, call_id: str) -> None:
        self._log.crash("bug in a call", error, call=call_id)

    def text(self) -> bytes:
        """The page of ``/metrics``."""
        return self._metrics.text({state.name: state.state for state in self._engines.states()}).encode()
