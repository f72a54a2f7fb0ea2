"""The settings of a hotline as values: what may be set, and what it means.

Only shapes live here. `hotline.core.settings_check` turns TOML into these values or refuses it; PostgreSQL
keeps every version; services read one version from the local snapshot (`hotline.settings_snapshot`).
Secrets (PINs, phone and trunk passwords) are never settings: they live in the data folder's secrets file.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """User-visible text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Reason(Text):
    """Why an agent is not ready, and how long it may last."""

    max_s: int = 0  # longer is told as overdue; 0: as long as the agent likes


@dataclass(frozen=True, slots=True)
class FailedOffer:
    """What becomes of an agent after offers that failed for one cause, so many in a row; before, a pause.

    becomes: not_responding (until ready by code), not_ready, paused, logged_out.
    """

    becomes: str
    after: int = 1


@dataclass(frozen=True, slots=True)
class FailedOffers:
    """By cause: the phone rang out, was declined, was busy, could not be reached."""

    no_answer: FailedOffer = FailedOffer("not_responding")
    rejected: FailedOffer = FailedOffer("not_ready")
    busy: FailedOffer = FailedOffer("paused")
    unreachable: FailedOffer = FailedOffer("not_ready")
    pause_s: int = 5


@dataclass(frozen=True, slots=True)
class Hotline:
    """What holds for the whole house. Durations in seconds, rings in ring cycles of the country."""

    name: Text = field(default_factory=lambda: Text("热线", "Hotline"))
    country: str = "cn"  # key of RING_PERIOD_MS
    timezone: str = "Asia/Shanghai"
    languages: tuple[str, ...] = ("zh", "en")  # the first is spoken until the caller chooses
    head_start_s: int = 60  # what one point of priority counts as waited, see Queue.order
    choice_seed: int = 0  # of the agent choice "random"
    target_rings: int = 3  # the promise: a call is in time up to so many rings
    offer_rings: int = 4  # an unanswered offer is withdrawn after so many rings
    fallback_after_s: int = 30  # no service of ours for so long: static fallback
    emergency_phones: tuple[str, ...] = ()  # phones (by name) the static fallback rings
    service_level_s: int = 20  # T of SL-1 … SL-5
    short_abandon_s: int = 5  # s of SL-5
    survey: bool = True
    announce_recording: bool = True
    ring_cycle_ms: int | None = None  # replaces the country's ring cycle (tests, unusual carriers)
    voice_message_max_s: int = 180
    external_address: str = ""  # host or address under which the outside reaches us, when behind NAT
    local_networks: tuple[str, ...] = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")
    shut_out_failures: int = 10  # an address with so many refused SIP requests within …
    shut_out_window_s: int = 60  # … this time …
    shut_out_s: int = 600  # … is shut out for so long; 0: nobody is ever shut out
    feature_codes: bool = True  # agents transfer by *1 and *2 during a conversation, beside the phone's keys
    never_shut_out: tuple[str, ...] = ()  # addresses and networks besides the trunks': an office's
    after_contact_prolong_s: int = 60  # *16 prolongs after-contact work by so much, …
    after_contact_max_s: int = 900  # … until so long after it began
    disposition_max_s: int = 300  # a required code is waited for so long after the work began
    phone_gone_s: int = 0  # an agent whose phone is gone for so long is logged out; 0: never
    failed_offers: FailedOffers = FailedOffers()


RING_PERIOD_MS: dict[str, int] = {"cn": 5000, "us": 6000, "uk": 3000, "jp": 3000, "de": 5000}
"""Ring cycle by country. Source: Asterisk indications.conf, ring cadence of each country."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """A line to a carrier or another exchange. Its password, if any, is secret `trunk:NAME`."""

    name: str
    kind: str  # "address": identified by its address; "registered": we register; "peer": it registers with us
    address: str = ""  # host or host:port of the far side; for "peer" optional
    match: tuple[str, ...] = ()  # source addresses or networks accepted; default: address
    username: str = ""
    codecs: tuple[str, ...] = ("alaw", "ulaw", "g722")
    dtmf: str = "rfc4733"  # rfc4733, inband, info, auto
    max_channels: int = 30
    transport: str = "udp"  # udp, tcp, tls
    srtp: bool = False
    qualify_s: int = 30  # OPTIONS every so many seconds; 0: never

    @property
    def sources(self) -> tuple[str, ...]:
        """Where its calls come from: `match`, else the host of `address`; none when it signs in with us."""
        if self.match or self.kind == "peer" or not self.address:
            return self.match
        if self.address.startswith("["):  # an IPv6 address with or without a port
            return (self.address[1:].partition("]")[0],)
        return (self.address.partition(":")[0],)


@dataclass(frozen=True, slots=True)
class Phone:
    """A SIP account. Its password is secret `phone:NAME`, generated when missing."""

    name: str
    codecs: tuple[str, ...] = ("alaw", "ulaw", "g722")
    dtmf: str = "rfc4733"
    nat: bool = True
    transport: str = "udp"  # udp, tcp, tls
    srtp: bool = False
    max_contacts: int = 1
    lamps: bool = (
        False  # may watch agents and queues (BLF): lamps cost a little, so only where there are some
    )
    auto_answer: bool = False  # offers ask the phone (a headset) to answer by itself


@dataclass(frozen=True, slots=True)
class Step:
    """From after_s on, counted from the entry into the queue, these needs stand in place of those before."""

    after_s: int
    needs: str


@dataclass(frozen=True, slots=True)
class WithoutAgents:
    """Where callers go while agents are away, or are expected to be busy: "wait", or as Queue.leave_to."""

    entering: str = "wait"  # those who come
    waiting: str = "wait"  # those who wait already


@dataclass(frozen=True, slots=True)
class Queue:
    """A line of waiting callers with common needs."""

    name: str
    title: Text
    needs: str = ""  # expression over skills, see acd.core.needs; "" = any agent
    steps: tuple[Step, ...] = ()  # each lets more agents serve than the one before; a caller's choices stay
    prefer_last_agent_s: int = 0  # the last agent of this caller, if logged in, is waited for so long
    prefer_named_s: int = 30  # so long agents are waited for who are preferred by number, flow, choice, queue
    prefer: tuple[str, ...] = ()  # for callers whose choice, number and flow prefer nobody, see Choice.prefer
    priority: int = 0  # each point is a head start of hotline.head_start_s, see order
    order: str = "oldest_first"  # "strict": a higher priority goes before any wait
    agent_choice: str = "longest_idle"  # see acd.core.choice
    after_contact_s: int = 10
    offer_rings: int | None = None  # default: hotline.offer_rings
    pickup: str = "skilled"  # who may pick up its ringing calls: nobody, skilled (by the needs), anyone
    ring: int = 1  # so many eligible agents' phones ring at once; the first to answer gets the call
    target_rings: int | None = None
    short_abandon_s: int | None = None  # default: hotline.short_abandon_s
    whisper: str = ""  # prompt the agent hears; required
    announce_queue: bool = True  # agent hears the whisper
    announce_agent: bool = True  # caller hears "agent 1024 at your service"
    announce_position_s: int = 30  # 0: never
    return_within_s: int = 0  # who gave up or was cut off and calls again within has the old place; 0: never
    recall_within_s: int = 0  # from then on, who did not: a recall with this deadline; 0: none
    comfort: tuple[str, ...] = ()  # prompts, said in turn to those who wait, …
    comfort_s: int = 60  # … one every so many seconds; 0: never
    leave_key: str = ""  # pressed while waiting, it leads to leave_to; "": there is none
    leave_to: str = ""  # as closed, or "callback"
    announce_wait: bool = False  # with the position: how long it will take, as a range
    music: str = "default"
    max_waiting: int = 1000
    survey: bool | None = None
    extension: str = ""  # agents transfer callers to the queue by this number; "": by none
    disposition: str = "none"  # the code after a conversation: none, optional, required
    hours: str = ""  # opening hours by name; "" = always open
    # Newcomers, out of hours or closed by a supervisor: as Choice.go, flow:, number:, outside:.
    closed: str = "voicemail"
    overflow: str = (
        ""  # as leave_to: for whom there is no room, who waited for too long; "": queue-full is said
    )
    max_wait_s: int = 0  # who waits for longer goes to overflow; 0: nobody
    max_predicted_wait_s: int = 0  # whose wait is expected to be longer goes where predicted_overflow says
    predicted_overflow: WithoutAgents = field(default_factory=WithoutAgents)
    callers_per_agent: float = 0.0  # newcomers beyond that, per agent logged in, go to overflow; 0: no limit
    nobody_logged_in: WithoutAgents = field(
        default_factory=WithoutAgents
    )  # no agent who could serve the call
    nobody_ready: WithoutAgents = field(default_factory=WithoutAgents)  # some are logged in, none is at work


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who answers. The PIN is secret `pin:NUMBER`, generated when missing."""

    number: str
    name: str
    skills: dict[str, int] = field(default_factory=dict)  # skill -> level 1..10
    phone: str = ""  # where the demo's simulated agent sits; people log in at any phone
    also: tuple[str, ...] = ()  # further phones of the agent: they ring with the one where the agent sits
    role: str = "agent"  # agent; supervisor: may listen in, take over, …


@dataclass(frozen=True, slots=True)
class Team:
    """Agents who are preferred together, an account team: by a number, a flow, a menu's choice or a queue."""

    name: str
    agents: tuple[str, ...]  # by number


@dataclass(frozen=True, slots=True)
class Choice:
    """One digit of a menu."""

    digit: str
    go: str  # "menu:NAME", "queue:NAME", "message:PROMPT", "voicemail", "hangup"
    language: str = ""  # switch to this language
    needs: str = ""  # added (and) to the needs of the contact
    prefer: tuple[str, ...] = ()  # agents by number, teams by name, see Queue.prefer_named_s


@dataclass(frozen=True, slots=True)
class Menu:
    name: str
    prompt: str
    choices: tuple[Choice, ...]
    timeout_s: float = 5.0
    tries: int = 3
    on_failure: str = "hangup"  # where a caller goes who chooses nothing valid; same forms as Choice.go


@dataclass(frozen=True, slots=True)
class Flow:
    """What a caller hears before an agent is asked for."""

    name: str
    start: str  # same forms as Choice.go
    greeting: str = "greeting"  # prompt
    hours: str = ""  # opening hours by name; "" = always open
    closed: str = "voicemail"  # same forms as Choice.go
    prefer: tuple[str, ...] = ()  # unless the caller's choice or number prefers somebody, see Choice.prefer
    menus: tuple[Menu, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """A number that callers dial: it has a flow, or it is direct to a queue."""

    did: str
    flow: str = ""
    direct_queue: str = ""  # not answered before an agent is; after direct_rings answered and queued
    direct_rings: int = 3
    prefer: tuple[str, ...] = ()  # unless the caller's choice prefers somebody, see Choice.prefer


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours: per weekday (0 = Monday) a tuple of ("HH:MM", "HH:MM"), in order; "24:00" may end a day.

    A day of extra_days has the hours given there, whatever its weekday; else a holiday is closed all day.
    """

    name: str
    weekdays: tuple[tuple[tuple[str, str], ...], ...]
    holidays: tuple[str, ...] = ()  # "YYYY-MM-DD"
    extra_days: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)  # date -> hours


@dataclass(frozen=True, slots=True)
class Verification:
    """Callers enter digits that the agent does not see (*5 during a conversation). Without a url: never."""

    url: str = ""  # asked by POST {"contact", "digits"}; {"verified": true} means yes
    extension: str = ""  # agents send callers there by this number, too, by a blind transfer; "": by none
    digits: int = 6  # at most so many
    tries: int = 2
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class OutgoingRule:
    """What agents of one role may dial: the longest prefix that fits decides."""

    role: str = "any"  # agent, supervisor, any
    allowed: tuple[str, ...] = ()  # prefixes of outside numbers
    refused: tuple[str, ...] = ()
    max_calls_per_day: int = 0  # of one agent; 0: no limit
    max_minutes_per_day: int = 0
    transfer: bool = False  # agents of this role may also transfer callers to these numbers


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Calls of agents to outside numbers. Without a trunk there are none."""

    trunk: str = ""
    access: str = "9"  # dialled before an outside number
    presented: str = ""  # the number that the called person sees; required with a trunk
    emergency: tuple[str, ...] = ("110", "119", "120")  # always pass, with or without the access digit
    max_minutes_per_call: int = 120
    rules: tuple[OutgoingRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Callers who are called back instead of waiting. Without a trunk there are none."""

    trunk: str = ""
    presented_number: str = ""  # the number that the person called sees; required with a trunk
    first: str = "agent"  # who is rung first; "caller": an agent is kept free meanwhile
    attempts: int = 3  # so often a person is called, if nobody answers
    retry_after_s: int = 300  # from one attempt to the next
    ring_timeout_s: int = 30  # of the person's phone
    expire_after_s: int = 14400  # who was not reached by then is not called any more
    per_number_per_day: int = 2  # so many callbacks one number may ask for
    allowed_prefixes: tuple[str, ...] = ()  # only such numbers; none: all of this country
    refused_prefixes: tuple[str, ...] = ()  # besides what is always refused, see acd.core.callback_numbers
    digits_min: int = 7
    digits_max: int = 12


@dataclass(frozen=True, slots=True)
class Settings:
    """One complete, validated version of all settings."""

    version: int
    hotline: Hotline = field(default_factory=Hotline)
    skills: tuple[str, ...] = ()
    not_ready_reasons: dict[str, Reason] = field(default_factory=dict)  # digit -> text
    dispositions: dict[str, Text] = field(default_factory=dict)  # code after a conversation -> text
    trunks: tuple[Trunk, ...] = ()
    phones: tuple[Phone, ...] = ()
    queues: tuple[Queue, ...] = ()
    agents: tuple[Agent, ...] = ()
    teams: tuple[Team, ...] = ()
    flows: tuple[Flow, ...] = ()
    numbers: tuple[Number, ...] = ()
    hours: tuple[Hours, ...] = ()
    outgoing: Outgoing = field(default_factory=Outgoing)
    verification: Verification = field(default_factory=Verification)
    callbacks: Callbacks = field(default_factory=Callbacks)

    @property
    def ring_period_ms(self) -> int:
        """Length of one ring cycle, in ms."""
        return self.hotline.ring_cycle_ms or RING_PERIOD_MS[self.hotline.country]

    def short_abandon_ms(self, queue: Queue) -> int:
        """Who hangs up within so many ms did not really wait in this queue."""
        own_s = queue.short_abandon_s
        return (self.hotline.short_abandon_s if own_s is None else own_s) * 1000

    def preferred(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The agents of a `prefer`, each once: its numbers, and those of its teams."""
        teams = {team.name: team.agents for team in self.teams}
        return tuple(dict.fromkeys(number for name in names for number in teams.get(name, (name,))))
