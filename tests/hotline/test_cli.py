"""The front door: commands are found, explained and refused in plain words; deployments are arranged."""

import argparse
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hotline import cli, cli_check, cli_down, cli_status, cli_up
from hotline.cli import CommandError, chosen_folder, existing_deployment, main, offered_commands
from hotline.deployment import Deployment, Ports
from hotline.secrets import Secrets
from hotline.supervisor.processes import own_process_id, write_pid_file


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path, ports=Ports.from_base(61000))
    deployment.make_folders()
    deployment.save()
    return deployment


def _up(*words: str, command: str = "up") -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    cli_up.add_arguments(parser, command)
    return parser.parse_args(words)


@pytest.mark.parametrize("command", [c.name for c in offered_commands()])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"usage: hotline {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "folder"), [("up", "data"), ("demo", "data-demo"), ("soak", "data-soak"), ("status", "data")]
)
def test_the_help_names_the_folder_that_is_taken(
    command: str, folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"HOTLINE_DATA, else ./{folder})" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "promised"),
    [("status", "3 something is not"), ("check", "1 otherwise"), ("backup", "1 it lacks")],
)
def test_the_help_tells_the_exit_status_that_programs_look_at(
    command: str, promised: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    told = capsys.readouterr().out
    assert "Exit status: 0" in told
    assert promised in told


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    text = capsys.readouterr().out
    for command in offered_commands():
        assert re.search(rf"^  {command.name} +{re.escape(command.summary)}$", text, re.MULTILINE)


def test_an_unknown_command_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["fly"])
    assert end.value.code == 2
    assert "'up'" in capsys.readouterr().err


def test_an_overview_imports_no_room() -> None:
    program = "import sys; from hotline.cli import main; main([]); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert "aiohttp" not in done.stdout
    assert "asyncpg" not in done.stdout


def test_the_data_folder_is_option_then_environment_then_beside_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen_folder(None) == Path("data")
    monkeypatch.setenv("HOTLINE_HOME", "/opt/hotline")
    assert chosen_folder(None, "data-demo") == Path("/opt/hotline/data-demo")
    monkeypatch.setenv("HOTLINE_DATA", "/srv/hotline")
    assert chosen_folder(None, "data-demo") == Path("/srv/hotline")
    assert chosen_folder("/tmp/x") == Path("/tmp/x")


def test_a_folder_without_a_hotline_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="no hotline here"):
        existing_deployment(str(tmp_path))
    assert main(["status", "--data", str(tmp_path)]) == 1
    assert f"hotline status: {tmp_path}: no hotline here" in capsys.readouterr().err


def test_demo_is_up_with_the_demo_on() -> None:
    assert _up(command="demo").demo
    assert _up("--demo").demo
    assert not _up().demo


def test_ports_are_written_down_at_the_first_start(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    cli_up.arranged(deployment, _up("--port-base", "21000"))
    assert Deployment.load(tmp_path).ports == Ports.from_base(21000)
    assert cli_up.arranged(Deployment.load(tmp_path), _up()).ports == Ports.from_base(21000)


def test_other_ports_are_refused_while_something_runs_on_the_old_ones(deployment: Deployment) -> None:
    write_pid_file(deployment.pid_file("asterisk"), own_process_id())
    with pytest.raises(CommandError, match="asterisk still run on other ports"):
        cli_up.arranged(deployment, _up("--port-base", "22000"))
    with pytest.raises(CommandError, match="listens on this machine only"):
        cli_up.arranged(deployment, _up("--lan"))


def test_lan_holds_for_one_run_only(deployment: Deployment) -> None:
    assert cli_up.arranged(deployment, _up("--lan")).bind == "0.0.0.0"
    assert 'bind = "127.0.0.1"' in deployment.file.read_text()
    assert cli_up.arranged(Deployment.load(deployment.data), _up()).bind == "127.0.0.1"


def test_lan_stays_open_for_a_supervisor_that_takes_over(deployment: Deployment) -> None:
    cli_up.arranged(deployment, _up("--lan"))
    write_pid_file(deployment.pid_file("asterisk"), own_process_id())
    assert cli_up.arranged(Deployment.load(deployment.data), _up()).bind == "0.0.0.0"


def test_the_environments_database_is_not_written_down(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@db/x")
    arranged = cli_up.arranged(Deployment.load(deployment.data), _up("--port-base", "22000"))
    assert arranged.database_url == "postgresql://u:secret@db/x"
    assert "secret" not in deployment.file.read_text()
    assert deployment.database_override.stat().st_mode & 0o777 == 0o600
    monkeypatch.delenv("DATABASE_URL")
    assert Deployment.load(deployment.data).database_url == "postgresql://u:secret@db/x"  # another shell
    assert cli_up.arranged(deployment, _up()).database_url.startswith("postgresql://hotline@127.0.0.1:22007/")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@db/x")
    deployment.file.unlink()
    cli_up.arranged(Deployment.load(deployment.data), _up())
    assert "secret" not in deployment.file.read_text()


def test_other_ports_keep_what_else_was_written(deployment: Deployment) -> None:
    Deployment(deployment.data, "192.0.2.7", own_database_url="postgresql://db/x").save()
    cli_up.arranged(Deployment.load(deployment.data), _up("--port-base", "22000"))
    written = Deployment.as_written(deployment.data)
    assert (written.bind, written.own_database_url) == ("192.0.2.7", "postgresql://db/x")
    assert written.ports == Ports.from_base(22000)


def test_a_second_supervisor_is_refused_with_the_pid_of_the_first(deployment: Deployment) -> None:
    refused = pytest.raises(CommandError, match=rf"already up \(pid {own_process_id().pid}\)")
    with cli_up.only_supervisor(deployment), refused, cli_up.only_supervisor(deployment):
        pass
    assert not deployment.pid_file("supervisor").exists()
    with cli_up.only_supervisor(deployment):
        pass


def test_wrong_settings_stop_a_start_before_anything_exists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("colour = 1\n")
    data = tmp_path / "data"
    assert main(["up", "--data", str(data), "--settings", str(file)]) == 1
    error = capsys.readouterr().err
    assert str(file) in error
    assert "colour" in error
    assert not data.exists()


def test_nothing_running_is_nothing_to_end(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["down", "--data", str(deployment.data)]) == 0
    assert capsys.readouterr().out == "nothing was running\n"
    assert cli_down.DOWN_LIMIT_S > 60


def test_status_of_what_does_not_run(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--data", str(deployment.data), "--json"]) == cli_status.NOT_READY_STATUS
    document = json.loads(capsys.readouterr().out)
    assert document["supervised"] is False
    names = [part["name"] for part in document["parts"]]
    assert names == ["postgres", "asterisk", "acd", "ivr", "ledger", "keeper", "web"]
    assert not any(part["running"] or part["ready"] for part in document["parts"])


def test_check_tells_of_a_folder_without_secrets(tmp_path: Path) -> None:
    ((good, text),) = cli_check.secret_modes(Deployment(tmp_path))
    assert not good
    assert str(tmp_path / "secrets") in text


def test_check_finds_open_secrets(deployment: Deployment) -> None:
    Secrets.load(deployment)
    assert [good for good, _ in cli_check.secret_modes(deployment)] == [True]
    deployment.secrets_file.chmod(0o644)
    ((good, text),) = cli_check.secret_modes(deployment)
    assert not good
    assert f"{deployment.secrets_file}: mode 0644, allowed 0600; run: chmod 0600" in text


@pytest.mark.parametrize(
    ("text", "why"), [("{", "cannot be read"), ("[]", "not a JSON object"), ("{}", "agi_token, ami_acd")]
)
def test_check_finds_damaged_secrets(deployment: Deployment, text: str, why: str) -> None:
    Secrets.load(deployment)
    deployment.secrets_file.write_text(text)
    ((good, told),) = cli_check.secret_modes(deployment)
    assert not good
    assert str(deployment.secrets_file) in told and why in told
    assert deployment.secrets_file.read_text() == text


def test_check_counts_the_prompts_that_are_still_synthetic(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    spoken = {"zh": ("greeting", "closed", "thanks"), "en": ("greeting",)}
    for language, keys in spoken.items():
        folder = deployment.sounds / language / "hotline"
        folder.mkdir(parents=True)
        for key in keys:
            (folder / f"{key}.wav").write_bytes(key.encode())
            marker = {"sha256": hashlib.sha256(key.encode()).hexdigest()}
            (folder / f"{key}.synthetic.json").write_text(json.dumps(marker))
    (deployment.sounds / "zh" / "hotline" / "thanks.wav").write_bytes(b"a recording, the marker beside it")
    main(["check", "--data", str(deployment.data)])
    said = capsys.readouterr().out
    assert f"prompts zh: 2 of 3 synthetic; recordings go to {deployment.sounds / 'zh' / 'hotline'}" in said
    assert "prompts en: 1 of 1 synthetic" in said


def test_an_interrupted_command_says_so(monkeypatch: pytest.MonkeyPatch, deployment: Deployment) -> None:
    def interrupted(_arguments: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_down, "run", interrupted)
    assert cli.main(["down", "--data", str(deployment.data)]) == 130
