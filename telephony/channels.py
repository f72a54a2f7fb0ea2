"""Channels as AMI tells of them, as small frozen values.

Events and the entries of CoreShowChannels describe a channel with the same headers; events about two channels
put a prefix before each (Dest, Transferer, …). This module must not know what acd makes of a channel.
Source: Asterisk 22, manager_channels.c (ast_manager_build_channel_state_string_prefix); seen on 22.10:
`ChanVariable: HL_OFFER=abc`, once per variable of manager.conf's channelvars, empty ones too; in
OriginateResponse alone the name is `ChanVariable(CHANNEL)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from telephony import variables
from telephony.ami_message import every_value

UP = 6  # AST_STATE_UP
RINGING = 5  # AST_STATE_RINGING
DIALLED = "0123456789*#+"


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A channel at one moment. `variables` are those of ours that are set; `bridge` is "" outside of one."""

    uniqueid: str
    linkedid: str
    channel: str  # its name, for example PJSIP/desk1-00000007
    state: int  # AST_STATE_…, -1 when not told
    accountcode: str
    variables: Mapping[str, str]
    bridge: str = ""
    context: str = ""
    exten: str = ""
    caller_number: str = ""  # digits, + * # only: what else a caller may have put there is left out

    @property
    def is_up(self) -> bool:
        return self.state == UP

    @property
    def is_ringing(self) -> bool:
        return self.state == RINGING

    @property
    def contact(self) -> str:
        """The contact this channel belongs to, or "": its accountcode, which agents' legs inherit."""
        return self.accountcode

    @property
    def offer(self) -> str:
        return self.variables.get(variables.OFFER, "")

    @property
    def stage(self) -> str:
        return self.variables.get(variables.STAGE, "")

    @property
    def endpoint(self) -> str:
        """The name of the phone or trunk behind the channel, or "" if it is no SIP channel."""
        return endpoint_of(self.channel)


def endpoint_of(channel: str) -> str:
    """The name of the phone or trunk behind a channel of this name, or "" if it is no SIP channel."""
    technology, _, rest = channel.partition("/")
    return rest.rpartition("-")[0] if technology == "PJSIP" else ""


def channel_seen(message: Mapping[str, str], prefix: str = "") -> ChannelSeen:
    """The channel that a message describes under this prefix; missing headers become empty values."""
    state = message.get(f"{prefix}ChannelState", "")
    return ChannelSeen(
        uniqueid=message.get(f"{prefix}Uniqueid", ""),
        linkedid=message.get(f"{prefix}Linkedid", ""),
        channel=message.get(f"{prefix}Channel", ""),
        state=int(state) if state.isascii() and state.isdecimal() and len(state) < 4 else -1,
        accountcode=message.get(f"{prefix}AccountCode", ""),
        variables=channel_variables(message, prefix),
        # CoreShowChannels says BridgeId, bridge events say BridgeUniqueid.
        bridge=message.get("BridgeId", "") or message.get("BridgeUniqueid", ""),
        context=message.get(f"{prefix}Context", ""),
        exten=message.get(f"{prefix}Exten", ""),
        caller_number="".join(one for one in message.get(f"{prefix}CallerIDNum", "") if one in DIALLED)[:64],
    )


def is_caller(seen: ChannelSeen) -> bool:
    """Whether the channel is its contact's own, and not a leg of somebody who talks to the caller."""
    return seen.contact != "" and seen.uniqueid == seen.contact


def channel_variables(message: Mapping[str, str], prefix: str = "") -> dict[str, str]:
    """The channel variables that a message carries under this prefix; unset (empty) ones are left out."""
    found: dict[str, str] = {}
    name = f"{prefix}ChanVariable"
    values = every_value(message, name)
    if not values and (channel := message.get(f"{prefix}Channel", "")):
        values = every_value(message, f"{name}({channel})")
    for pair in values:
        variable, equals, value = pair.partition("=")
        if equals and value:
            found.setdefault(variable, value)
    return found
