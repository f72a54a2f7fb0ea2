"""The rendered configuration: what stands in it, what must never stand in it, and how files are replaced."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import hotline
from hotline import asterisk_config
from hotline.asterisk_config import (
    LISTED_MODULES,
    TEMPLATES,
    ConfigurationError,
    escape,
    has_named_filters,
    listed_modules,
    write_banned_acl,
    write_configuration,
)
from hotline.core.settings import Agent, Hotline, Outgoing, OutgoingRule, Phone, Settings, Text, Trunk
from hotline.core.settings import Queue as QueueSettings
from hotline.core.settings_check import check_settings
from hotline.deployment import Deployment
from hotline.secrets import Secrets

DEFAULTS = Path(hotline.__file__).parent / "defaults" / "settings.toml"


@dataclass(frozen=True)
class FakeInstall:
    """An Asterisk as far as the configuration looks at it."""

    version: str
    modules: Path
    share: Path


class House:
    """A data folder with its Asterisk, and what is written into it."""

    def __init__(self, folder: Path) -> None:
        self.deployment = Deployment(folder / "data")
        self.deployment.make_folders()
        self.secrets = Secrets.load(self.deployment)
        self.install = FakeInstall("22.10.1", folder / "modules", folder / "share")
        self.install.modules.mkdir()
        (self.install.modules / "res_cdrel_custom.so").touch()
        for path in ("documentation", "moh", "sounds/en/digits"):
            (self.install.share / path).mkdir(parents=True)
        (self.install.share / "sounds" / "en" / "beep.wav").touch()

    def write(self, settings: Settings) -> bool:
        self.secrets.make_missing(settings)
        return write_configuration(self.deployment, settings, self.secrets, self.install)

    def text(self, name: str) -> str:
        return (self.deployment.asterisk_etc / name).read_bytes().decode()

    def sections(self, name: str) -> list[tuple[str, dict[str, list[str]]]]:
        """Every section of a file with its options, templates not followed."""
        found: list[tuple[str, dict[str, list[str]]]] = []
        for line in self.text(name).splitlines():
            line = re.sub(r"(?<!\\);.*", "", line).strip()
            if heading := re.match(r"\[([^\]]+)\]", line):
                found.append((heading.group(1), {}))
            elif "=" in line and found:
                key, _, value = line.partition("=")
                found[-1][1].setdefault(key.strip(), []).append(value.strip("> "))
        return found

    def options(self, name: str, section: str, kind: str = "") -> dict[str, list[str]]:
        """The options of one section; of type `kind`, or (type in its template) the endpoint."""
        for title, options in self.sections(name):
            if title == section and options.get("type", [""]) == [kind]:
                return options
        raise AssertionError(f"{name} has no [{section}] of type {kind!r}")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def defaults(**changes: Any) -> Settings:
    document = tomllib.loads(DEFAULTS.read_text("utf-8"))
    return replace(check_settings(document, file="settings.toml", version=1), **changes)


def test_every_template_is_written_for_the_owner_only(house: House) -> None:
    assert house.write(defaults())
    etc = house.deployment.asterisk_etc
    assert {path.name for path in etc.glob("*.conf")} == {path.name for path in TEMPLATES.glob("*.conf")}
    assert {oct(path.stat().st_mode & 0o777) for path in etc.iterdir()} == {"0o600"}
    assert "extensions.conf" in {path.name for path in etc.iterdir()}


def test_what_did_not_change_is_not_written_again(house: House) -> None:
    assert house.write(defaults())
    before = {path: path.stat().st_ino for path in house.deployment.asterisk_etc.iterdir()}
    assert not house.write(defaults())
    assert {path: path.stat().st_ino for path in house.deployment.asterisk_etc.iterdir()} == before


def test_one_new_phone_changes_one_file(house: House) -> None:
    house.write(defaults())
    before = {path.name: path.stat().st_ino for path in house.deployment.asterisk_etc.iterdir()}
    assert house.write(defaults(phones=(*defaults().phones, Phone("1099"))))
    after = {path.name: path.stat().st_ino for path in house.deployment.asterisk_etc.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"pjsip.conf"}


def test_files_that_are_ours_no_more_are_removed(house: House) -> None:
    house.write(defaults())
    stale = house.deployment.asterisk_etc / "queues.conf"
    stale.write_text("[general]\n", "utf-8")
    assert house.write(defaults())
    assert not stale.exists()


def test_nothing_is_written_when_a_template_cannot_be_filled_in(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "a.conf").write_text("fine\n", "utf-8")
    (templates / "b.conf").write_text("{{ no_such_thing }}\n", "utf-8")
    monkeypatch.setattr(asterisk_config, "TEMPLATES", templates)
    with pytest.raises(ConfigurationError, match="no_such_thing"):
        house.write(defaults())
    assert not list(house.deployment.asterisk_etc.glob("*.conf"))


@pytest.mark.parametrize("name", ["se;mi", "com,ma", "dol$lar", "new\nline", "bra[cket", 'quo"te'])
def test_bad_path(tmp_path: Path, name: str) -> None:
    house = House(tmp_path / name)
    with pytest.raises(ConfigurationError, match="cannot stand in a path"):
        house.write(defaults())


def test_only_listed_modules_are_loaded_and_none_by_itself(house: House) -> None:
    house.write(defaults(phones=(Phone("1001", lamps=True),)))
    assert listed_modules(house.text("modules.conf")) == LISTED_MODULES
    assert house.options("modules.conf", "modules")["autoload"] == ["no"]
    assert len(set(LISTED_MODULES)) == len(LISTED_MODULES)
    forbidden = {
        "app_system.so",
        "func_shell.so",
        "app_originate.so",
        "res_pjsip_endpoint_identifier_anonymous.so",
    }
    assert not forbidden & set(LISTED_MODULES)


def test_an_older_asterisk_gets_what_it_understands(house: House) -> None:
    (house.install.modules / "res_cdrel_custom.so").unlink()
    house.install = replace(house.install, version="20.6.0")
    house.write(defaults())
    assert "res_cdrel_custom.so" not in listed_modules(house.text("modules.conf"))
    (line,) = house.options("cel_custom.conf", "mappings")["cel.csv"]
    assert line.startswith(
        "${CSV_QUOTE(${eventtype})},${CSV_QUOTE(${eventtime})},${CSV_QUOTE(${CHANNEL(uniqueid)})},"
    )
    assert line.endswith(",${CSV_QUOTE(${CHANNEL(channame)})}")
    assert "eventfilter(" not in house.text("manager.conf")
    assert "eventfilter = ^Event: (FullyBooted|" in house.text("manager.conf")
    assert "eventfilter = ![[:cntrl:]]{3}[^[:cntrl:]]" in house.text("manager.conf").splitlines()
    assert "eventfilter = !^Event: RTCPSent[[:space:]].*HL_STAGE=(" in house.text("manager.conf")


def reachable(dialplan: str, start: str) -> set[str]:
    """The contexts that a channel in `start` can come to: by Goto, Gosub, include, a handler, a transfer."""
    bodies = {
        title: body
        for title, body in re.findall(r"^\[([^\]]+)\]\n(.*?)(?=^\[|\Z)", dialplan, re.MULTILINE | re.DOTALL)
    }
    found, open_ends = {start}, [start]
    while open_ends:
        lines = [line for line in bodies[open_ends.pop()].splitlines() if not line.startswith(";")]
        words = set(re.findall(r"[A-Za-z][\w-]*", "\n".join(lines)))
        # Any word that names a context counts, so that no way of spelling a jump is missed.
        new = (words & bodies.keys()) - found
        found |= new
        open_ends += new
    return found


def test_inbound_contexts_never_reach_outgoing_ones(house: House) -> None:
    rule = OutgoingRule(allowed=("1",))
    outgoing = Outgoing(trunk="carrier", presented="4001", rules=(rule,))
    house.write(defaults(trunks=(Trunk("carrier", "address", "192.0.2.1"),), outgoing=outgoing))
    dialplan = house.text("extensions.conf")
    # A queue's exit leads outside by acd alone, which names the number; no line of the dialplan leads there.
    assert "exten => outside,1," in dialplan
    assert not re.search(r"(Goto(If)?|Gosub)\([^)]*\boutside\b", dialplan)
    assert {"outgoing", "emergency"} <= reachable(dialplan, "from-phone")
    for start in ("from-trunk", "hotline", "transfer", "requeue", "fallback", "agent-leg"):
        assert not {"outgoing", "emergency", "from-phone"} & reachable(dialplan, start), start
    # Only the emergency context dials a trunk by itself; acd does, for the outgoing one.
    assert [line for line in dialplan.splitlines() if "Dial(" in line and "@" in line] == [
        " same => n,Dial(PJSIP/${EXTEN}@carrier)"
    ]


def test_without_a_trunk_for_outgoing_calls_a_queue_s_exit_outside_takes_a_message(house: House) -> None:
    """A caller may have come into the queue before the settings lost the trunk."""
    house.write(defaults(trunks=(Trunk("carrier", "address", "192.0.2.1"),)))
    dialplan = re.sub(r"^;.*\n", "", house.text("extensions.conf"), flags=re.MULTILINE)
    script = dialplan.partition("exten => outside,1,")[2].partition("\nexten")[0]
    assert "Goto(voicemail,1)" in script
    assert "overflow-out" not in dialplan


def test_nobodys_number_comes_before_an_emergency_number(house: House) -> None:
    """Of two extensions with one number Asterisk keeps the first."""
    trunks, agents = (Trunk("carrier", "address", "192.0.2.1"),), (Agent("9110", "Li", {}),)
    house.write(defaults(trunks=trunks, agents=agents, outgoing=Outgoing("carrier", presented="4001")))
    dialled = house.text("extensions.conf").partition("[from-phone]")[2].partition("\n[")[0].splitlines()
    assert [line for line in dialled if line.startswith("exten")][:2] == [
        "exten => 110,1,Goto(emergency,${EXTEN},1)",
        "exten => 9110,1,Goto(emergency,110,1)",
    ]


def test_a_talk_outside_is_over_though_acd_died_in_it(house: House) -> None:
    """Dial itself tells, not an earlier one; and a caller's recording ends before the next conversation."""
    outgoing = Outgoing(trunk="carrier", presented="4001", rules=(OutgoingRule(allowed=("1",)),))
    house.write(defaults(trunks=(Trunk("carrier", "address", "192.0.2.1"),), outgoing=outgoing))
    handlers = {
        "transfer-out": "transfer-out",
        "emergency": "outgoing",
        "outgoing": "outgoing",
        "colleague": "colleague",
    }
    for context, handler in handlers.items():
        body = house.text("extensions.conf").partition(f"\n[{context}]\n")[2].partition("\n[")[0]
        before, _, after = body.partition(f"AGI(${{HL_ACD}}/{handler},")
        assert "DIALSTATUS=)" in before, context
        then = after.splitlines()[1:3]
        assert any('| "${DIALSTATUS}" = "ANSWER"]?' in line for line in then), context
        assert (then[0] == " same => n,StopMixMonitor()") == (context == "transfer-out")


def extensions_for(dialplan: str, context: str, dialled: str) -> list[str]:
    """The context's extensions that take what is dialled; X, a set, "." and "!" as in Asterisk's patterns."""
    body = dialplan.partition(f"\n[{context}]\n")[2].partition("\n[")[0]
    found = dict.fromkeys(re.findall(r"^exten => ([^,]+),1,", body, re.MULTILINE))
    signs = {"X": "[0-9]", ".": ".+", "!": ".*", "*": r"\*"}
    patterns = {one: "".join(signs.get(sign, sign) for sign in one[1:]) for one in found if one[0] == "_"}
    return [one for one in found if re.fullmatch(patterns.get(one, re.escape(one)), dialled)]


def test_reports_of_sound_pass_in_talks_only(house: House) -> None:
    """Of all stages that the dialplan knows only that of a talk: hundreds may wait."""
    house.write(defaults())
    pattern = re.compile(r"eventfilter\(action\(exclude\),name\(RTCPSent\),method\(regex\)\) = (.+)")
    excluded = pattern.search(house.text("manager.conf"))
    assert excluded
    stages = set(re.findall(r"HL_STAGE\)?=(\w+)", house.text("extensions.conf")))
    assert {one for one in stages if not re.fullmatch(excluded[1], f"HL_STAGE={one}")} == {"connected"}


@pytest.mark.parametrize("agent", ["7", "71", "10301"])
def test_a_supervisors_code_takes_agents_numbers_of_any_length(house: House, agent: str) -> None:
    house.write(defaults(agents=(Agent(agent, "Wang", {}),)))
    dialplan = house.text("extensions.conf")
    for code in range(30, 34):
        assert extensions_for(dialplan, "from-phone", f"*{code}{agent}") == ["_*3[0-3]X!"]
        assert extensions_for(dialplan, "supervise", f"{code}{agent}") == ["_3[0-3]X!"]


def test_what_callers_choose_makes_no_event(house: House) -> None:
    """Line ends in numbers: no event with an empty line passes, and only our own numbers get a channel."""
    house.write(defaults())
    (excluded,) = re.findall(
        r"\neventfilter\(action\(exclude\),method\(regex\)\) = (.*)\n", house.text("manager.conf")
    )
    hostile = "Event: Hangup\r\nCallerIDNum: 1\r\n\r\nEvent: Shutdown\r\n\r\n"
    assert re.search(excluded, hostile, re.DOTALL)
    assert not re.search(excluded, "Event: Hangup\r\nCallerIDNum: 1\r\n\r\n", re.DOTALL)
    assert not house.write(defaults()), "what is there already is no change"
    assert "Newchannel" not in re.sub("disabledevents.*", "", house.text("manager.conf"))
    callers = house.text("extensions.conf").partition("[from-trunk]")[2].partition("\n[")[0]
    first = [line for line in callers.splitlines() if line.startswith("exten")]
    numbers = {number.did for number in defaults().numbers}
    assert {line.split()[2].partition(",")[0] for line in first} == numbers
    assert all("Set(CALLERID(num)=${FILTER(+0-9*#,${CALLERID(num)})})" in line for line in first)


@pytest.mark.parametrize(
    ("version", "named"),
    [
        ("18.99.0", False),
        ("20.6.0", False),
        ("20.11.0", True),
        ("21.5.0", False),
        ("21.6.1", True),
        ("22.0.0", False),
        ("22.10.1", True),
        ("23", True),
    ],
)
def test_filters_by_name_by_version(version: str, named: bool) -> None:
    assert has_named_filters(version) is named


def test_ami_is_on_loopback_for_one_account_without_dangerous_rights(house: House) -> None:
    house.write(defaults())
    general = house.options("manager.conf", "general")
    assert general["bindaddr"] == ["127.0.0.1"]
    assert general["port"] == ["5038"]
    assert general["allowmultiplelogin"] == ["no"]
    assert [title for title, _ in house.sections("manager.conf")] == ["general", "acd"]
    account = house.options("manager.conf", "acd")
    assert account["secret"] == [house.secrets.ami_acd]
    assert account["deny"] == ["0.0.0.0/0.0.0.0", "::/0"]
    assert account["permit"] == ["127.0.0.1/255.255.255.255"]
    assert set(account["read"][0].split(",")) == {"system", "call", "agent", "reporting", "user", "security"}
    assert set(account["write"][0].split(",")) == {"call", "originate", "reporting"}


def test_the_token_of_fastagi_is_in_the_dialplan_only(house: House) -> None:
    house.write(defaults())
    holders = {
        path.name
        for path in house.deployment.asterisk_etc.iterdir()
        if house.secrets.agi_token in path.read_text()
    }
    assert holders == {"extensions.conf"}


def test_a_phone_is_known_by_its_password(house: House) -> None:
    house.write(defaults(phones=(Phone("1001", codecs=("g722",), dtmf="info", max_contacts=2),)))
    endpoint = house.options("pjsip.conf", "1001")
    assert endpoint["allow"] == ["g722"]
    assert endpoint["dtmf_mode"] == ["info"]
    assert endpoint["auth"] == ["1001"]
    assert endpoint["rtp_symmetric"] == ["yes"]
    assert "media_encryption" not in endpoint
    assert house.options("pjsip.conf", "1001", "auth")["password"] == [house.secrets.phone("1001")]
    assert house.options("pjsip.conf", "_phone", "")["context"] == ["from-phone"]
    assert house.options("pjsip.conf", "_phone", "")["identify_by"] == ["auth_username,username"]


def test_a_phone_without_nat_and_with_srtp(house: House) -> None:
    house.write(defaults(phones=(Phone("1001", nat=False, srtp=True),)))
    endpoint = house.options("pjsip.conf", "1001")
    assert endpoint["rtp_symmetric"] == endpoint["force_rport"] == endpoint["rewrite_contact"] == ["no"]
    assert endpoint["media_encryption"] == ["sdes"]


def test_a_trunk_that_signs_in(house: House) -> None:
    house.write(defaults(trunks=(Trunk("demo", "peer"),)))
    endpoint = house.options("pjsip.conf", "demo")
    assert endpoint["auth"] == ["demo"]
    assert endpoint["set_var"] == ["HL_TRUNK=demo", "HL_CHANNELS=30"]
    assert house.options("pjsip.conf", "demo", "auth")["password"] == [house.secrets.trunk("demo")]
    assert house.options("pjsip.conf", "demo", "aor")["qualify_frequency"] == ["30"]
    assert all(options.get("type") != ["identify"] for _, options in house.sections("pjsip.conf"))


@pytest.mark.parametrize("kind", ["address", "registered"])
def test_a_name_in_from_never_opens_a_trunk_that_asks_for_no_password(house: House, kind: str) -> None:
    trunk = Trunk("carrier", kind, "192.0.2.1:5080", username="4001", transport="tcp", qualify_s=0)
    house.write(defaults(trunks=(trunk,)))
    endpoint = house.options("pjsip.conf", "carrier")
    assert endpoint["identify_by"] == ["ip"]
    assert "auth" not in endpoint
    assert endpoint["from_user"] == ["4001"]
    assert house.options("pjsip.conf", "carrier", "identify")["match"] == ["192.0.2.1"]
    aor = house.options("pjsip.conf", "carrier", "aor")
    assert aor["contact"] == ["sip:192.0.2.1:5080\\;transport=tcp"]
    assert aor["qualify_frequency"] == ["0"]


def test_a_trunk_we_register_with(house: House) -> None:
    house.secrets.set("trunks", "carrier", "pass;word")
    trunk = Trunk(
        "carrier", "registered", "sip.example.org", username="13800", match=("192.0.2.0/24", "198.51.100.7")
    )
    house.write(defaults(trunks=(trunk,)))
    registration = house.options("pjsip.conf", "carrier", "registration")
    assert registration["client_uri"] == ["sip:13800@sip.example.org"]
    assert registration["contact_user"] == ["13800"]
    assert registration["line"] == ["yes"]
    assert registration["endpoint"] == registration["outbound_auth"] == ["carrier"]
    assert house.options("pjsip.conf", "carrier", "auth")["password"] == ["pass\\;word"]
    assert house.options("pjsip.conf", "carrier", "auth")["username"] == ["13800"]
    assert house.options("pjsip.conf", "carrier", "identify")["match"] == ["192.0.2.0/24", "198.51.100.7"]


@pytest.mark.parametrize("value", ["two\nlines", "carriage\rreturn", "nul\0", " blank", "blank "])
def test_a_secret_that_cannot_stand_in_a_file_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        escape(value)
    assert value.strip() not in str(refusal.value)


@pytest.mark.parametrize(
    ("bind", "host", "media"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0", ""),
        ("192.0.2.5", "192.0.2.5", "192.0.2.5"),
        ("::", "[::]", ""),
        ("2001:db8::5", "[2001:db8::5]", "2001:db8::5"),
    ],
)
def test_sip_and_sound_listen_where_the_deployment_says(
    house: House, bind: str, host: str, media: str
) -> None:
    house.deployment = replace(house.deployment, bind=bind)
    house.write(defaults())
    assert house.options("pjsip.conf", "_udp", "transport")["bind"] == [f"{host}:5060"]
    line = house.options("pjsip.conf", "_line", "endpoint")
    assert line.get("media_address", [""]) == [media]
    assert ("bind_rtp_to_media_address" in line) is bool(media)
    assert ("rtp_ipv6" in line) is (":" in bind)
    rtp = house.options("rtp.conf", "general")
    assert (rtp["rtpstart"], rtp["rtpend"], rtp["strictrtp"]) == (["10000"], ["10999"], ["yes"])


def test_tls_only_when_a_line_wants_it(house: House) -> None:
    house.write(defaults())
    assert "[_tls]" not in house.text("pjsip.conf")
    assert not (house.deployment.asterisk_keys / "hotline.key").exists()
    house.write(defaults(phones=(Phone("1001", transport="tls"),)))
    tls = house.options("pjsip.conf", "_tls", "transport")
    assert tls["bind"] == ["127.0.0.1:5061"]
    assert tls["method"] == ["tlsv1_2"]
    assert Path(tls["priv_key_file"][0]).stat().st_mode & 0o777 == 0o600


def test_the_address_behind_nat_is_told(house: House) -> None:
    house.write(defaults())
    assert "external" not in house.text("pjsip.conf")
    house.write(defaults(hotline=Hotline(external_address="203.0.113.9", local_networks=("10.0.0.0/8",))))
    udp = house.options("pjsip.conf", "_udp", "transport")
    assert udp["external_media_address"] == udp["external_signaling_address"] == ["203.0.113.9"]
    assert udp["local_net"] == ["10.0.0.0/8"]


def test_nobody_is_banned_at_first_and_bans_survive_a_new_configuration(house: House) -> None:
    house.write(defaults())
    assert f"#include {house.deployment.asterisk_etc}/banned.list" in house.text("acl.conf")
    assert "deny" not in house.text("banned.list")
    assert write_banned_acl(house.deployment, ["192.0.2.9", "2001:db8::1"])
    assert not write_banned_acl(house.deployment, ["2001:db8::1", "192.0.2.9"])
    house.write(defaults())
    assert house.text("banned.list").splitlines() == [
        "permit = 0.0.0.0/0",
        "permit = ::/0",
        "deny = 192.0.2.9/32",
        "deny = 2001:db8::1/128",
    ]


def test_only_addresses_can_be_banned(house: House) -> None:
    with pytest.raises(ValueError, match="evil"):
        write_banned_acl(house.deployment, ["192.0.2.1\n#exec evil"])


def test_prompts_stand_beside_the_sounds_that_came_with_asterisk(house: House) -> None:
    house.write(defaults())
    share = Path(house.options("asterisk.conf", "directories")["astdatadir"][0])
    (house.deployment.sounds / "zh" / "hotline").mkdir(parents=True)
    (house.deployment.sounds / "zh" / "hotline" / "greeting.wav").touch()
    assert (share / "sounds" / "zh" / "hotline" / "greeting.wav").exists()
    assert (share / "sounds" / "en" / "beep.wav").exists()
    assert (share / "documentation").is_dir()


def test_links_follow_another_asterisk(house: House, tmp_path: Path) -> None:
    house.write(defaults())
    other = tmp_path / "other"
    (other / "documentation").mkdir(parents=True)
    house.install = replace(house.install, share=other)
    house.write(defaults())
    assert (house.deployment.asterisk / "share" / "documentation").readlink() == other / "documentation"


def test_music_of_the_house_is_used_when_there_is_some(house: House) -> None:
    queue = QueueSettings("a", Text("甲", "A"), whisper="queue-a", music="harp")
    house.write(defaults(queues=(queue,)))
    came_with_it = [str(house.install.share / "moh")]
    assert house.options("musiconhold.conf", "harp")["directory"] == came_with_it
    own = house.deployment.sounds / "music" / "harp"
    (own / "harp.wav").touch()
    house.write(defaults(queues=(queue,)))
    assert house.options("musiconhold.conf", "harp")["directory"] == [str(own)]
    assert house.options("musiconhold.conf", "default")["directory"] == came_with_it


def test_the_fallback_script_runs_without_our_services(house: House) -> None:
    house.write(defaults())
    script = house.deployment.fallback_script
    assert script.stat().st_mode & 0o777 == 0o700
    assert str(house.deployment.journal("fallback")) in script.read_text("utf-8")
    for deed in ("started", "message", "answered"):
        assert f"AGI({script},{deed}," in house.text("extensions.conf")


def test_the_folder_of_cel_exists_before_asterisk_looks_for_it(house: House) -> None:
    house.write(defaults())
    assert (house.deployment.asterisk_log / "cel-custom").is_dir()


def test_lamps_are_made_only_where_a_phone_has_some(house: House) -> None:
    agents = (Agent("1024", "Li", {}), Agent("1", "Wang", {}))
    house.write(defaults(agents=agents, phones=(Phone("1001"),)))
    assert "hint" not in house.text("extensions.conf")
    assert "res_pjsip_exten_state.so" not in house.text("modules.conf")
    assert "func_devstate.so" in house.text("modules.conf")  # acd may set lamps before they can be shown

    house.write(defaults(agents=agents, phones=(Phone("1001"), Phone("1002", lamps=True))))
    dialplan = house.text("extensions.conf")
    assert "exten => *131024,hint,Custom:ready-1024" in dialplan
    assert "exten => *131024,1,Set(HL_DEED=ready)" in dialplan
    assert "res_pjsip_exten_state.so" in house.text("modules.conf")
    assert house.options("pjsip.conf", "1002")["subscribe_context"] == ["lamps"]
    assert "subscribe_context" not in house.options("pjsip.conf", "1001")


def test_a_key_with_an_agents_number_never_hides_a_reason(house: House) -> None:
    reasons = {"1": Text("小休", "Break")}
    agents = (Agent("1", "Wang", {}),)
    house.write(defaults(agents=agents, phones=(Phone("1001", lamps=True),), not_ready_reasons=reasons))
    assert house.text("extensions.conf").count("exten => *141,1,") == 1
