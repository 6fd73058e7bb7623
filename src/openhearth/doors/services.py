"""What all connections of a server share, given to their class when it is made: nothing is global."""

import msgspec

from openhearth.config import Limits
from openhearth.core.operations import Operation
from openhearth.doors.refusals import TurnedAway
from openhearth.doors.standing import StandingLines
from openhearth.relay.services import Relay

HotRoutes = dict[bytes, Operation]
"""Every spelling of a path that the fast door answers, and the operation it asks for."""


class Services(msgspec.Struct):
    """``leaving`` are the connections that are being turned away."""

    relay: Relay
    routes: HotRoutes
    limits: Limits
    standing: StandingLines = msgspec.field(default_factory=StandingLines)
    leaving: set[TurnedAway] = msgspec.field(default_factory=set)
