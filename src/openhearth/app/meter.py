"""Who is told of every finished call: the metrics, and the log when it did not end well."""

from collections.abc import Callable, Iterable
from itertools import chain

from openhearth.app.engine_metrics import engine_lines
from openhearth.core.call import Call, Outcome
from openhearth.engines.ports import EngineHost
from openhearth.telemetry.log import Log
from openhearth.telemetry.metrics import Metrics

_FRESH_MOST = 128
_OK = Outcome.OK  # an enumeration's members are slow to look up


class Meter:
    """``relay.pipeline.Meter`` over metrics and log. Calls that went well are logged by the ledger, many at once."""

    def __init__(
        self, metrics: Metrics, engines: EngineHost, *, learn: Callable[[Iterable[Call]], None] = lambda _: None
    ) -> None:
        """``learn`` is shown the calls too: ``routing.health.Health.learn``."""
        self._engines = engines
        self._learn = learn
        self._log = Log("calls")
        self._metrics = metrics
        self._fresh: list[Call] = []
        self._also: list[Callable[[], Iterable[str]]] = []

    def also(self, lines: Callable[[], Iterable[str]]) -> None:
        """More lines of the page, made anew each time."""
        self._also.append(lines)

    def finished(self, call: Call) -> None:
        """Count a settled call, sooner or later; write a line for one that failed."""
        fresh = self._fresh
        fresh.append(call)
        if len(fresh) >= _FRESH_MOST:
            self.catch_up()
        if call.outcome is not _OK:
            self._write(call)

    def catch_up(self) -> None:
        """Count what was not counted yet."""
        fresh, self._fresh = self._fresh, []
        self._metrics.count(fresh)
        self._learn(fresh)

    def bug(self, error: Exception, call_id: str) -> None:
        self._log.crash("bug in a call", error, call=call_id)

    def text(self) -> bytes:
        """The page of ``/metrics``."""
        self.catch_up()
        states = self._engines.states()
        text = self._metrics.text({state.name: state.state for state in states})
        more = chain(engine_lines(states), *(lines() for lines in self._also))
        return "".join([text, *(f"{line}\n" for line in more)]).encode()

    def _write(self, call: Call) -> None:
        self._log.info(
            "call failed",
            call=call.id,
            key=call.principal.key_id,
            operation=call.operation.value,
            model=call.model,
            target=call.target_id,
            outcome=call.outcome.value,
            error=call.error_code,
            attempts=call.attempts,
            ms=round(call.duration_s * 1000),
            first_byte_ms=round(call.first_byte_s * 1000),
            input_tokens=call.usage.input_tokens,
            output_tokens=call.usage.output_tokens,
            charge_nanos=call.charge_nanos,
        )
