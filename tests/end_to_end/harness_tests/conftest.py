"""One plain Asterisk for all tests of the harness."""

from collections.abc import Iterator
from pathlib import Path
from string import Template

import pytest
from harness.bare_asterisk import BareAsterisk, Stage
from harness.ports import free_udp_port

BARE = Path(__file__).parent / "bare"


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("ast")
    sip_port, recording = free_udp_port(), folder / "talk.raw"
    values = {"SIP": sip_port, "RECORDING": recording}
    files = {file.name: Template(file.read_text("utf-8")).substitute(values) for file in BARE.glob("*.conf")}
    with BareAsterisk(folder, files) as asterisk:
        yield Stage(asterisk, ("127.0.0.1", sip_port), recording)
        assert asterisk.channels() == 0
