"""What runs is kept running, ends in order, and leaves nothing behind."""

import os
import signal
import subprocess
import sys

import pytest
from support.upbox import until

from bridge.core.errors import ConfigError
from bridge.processes import is_alive
from bridge.supervisor import LONGEST_WAIT, Child, Supervisor, wait_before

SLEEPER = "import time; time.sleep(600)"
TELLING = f"print('up', flush=True); {SLEEPER}"


def child(name: str, code: str = SLEEPER, **more) -> Child:
    return Child(name=name, argv=(sys.executable, "-c", code), **more)


@pytest.fixture
def kept():
    """Makes supervisors, and ends what they started."""
    made: list[Supervisor] = []

    def make(*children: Child, **more) -> Supervisor:
        made.append(Supervisor(children, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_a_child_that_dies_is_started_again(kept, caplog):
    supervisor = kept(child("a"), child("b"))
    supervisor.look()
    first = supervisor.pids()
    os.kill(first["a"], signal.SIGKILL)
    until(lambda: supervisor.look() or supervisor.pids().get("a") not in (None, first["a"]))
    assert supervisor.pids()["b"] == first["b"]
    assert "a ended: by SIGKILL; it is started again" in caplog.text


def test_a_child_that_keeps_ending_is_tried_for_ever_but_ever_later_and_loudly(kept, caplog):
    supervisor = kept(child("bad", "raise SystemExit(3)"))
    until(lambda: supervisor.look() or "3 times in a row" in caplog.text)
    assert "bad keeps ending: exit code 3, 3 times in a row; next try in 1 s" in caplog.text


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 0), (2, 0.5), (3, 1), (4, 2), (50, LONGEST_WAIT)]
)
def test_the_wait_before_the_next_start_grows_to_a_limit(failures, seconds):
    assert wait_before(failures) == seconds


def test_a_command_that_is_not_there_is_said_not_raised(kept, caplog):
    supervisor = kept(Child(name="ghost", argv=("/nowhere/at/all",)))
    supervisor.look()
    assert "ghost ended: it could not be started" in caplog.text


def test_a_child_that_still_starts_does_not_end_by_what_makes_it_reread(kept, tmp_path):
    said = tmp_path / "said"
    code = (
        "import signal; from pathlib import Path; "
        f"Path({str(said)!r}).write_text(str(int(signal.getsignal(signal.SIGHUP)))); {SLEEPER}"
    )
    supervisor = kept(child("rereads", code, rereads=True))
    supervisor.look()
    pid = supervisor.pids()["rereads"]
    supervisor.reread()
    until(lambda: said.exists() and said.read_text())
    supervisor.look()
    assert said.read_text() == str(int(signal.SIG_IGN))
    assert supervisor.pids()["rereads"] == pid


def test_a_restarted_child_is_told_so(kept, tmp_path):
    code = (
        "import sys; from pathlib import Path; "
        f"file = Path({str(tmp_path / 'said')!r}); "
        "file.open('a').write(' '.join(sys.argv[1:]) + '.')"
    )
    supervisor = kept(child("once", code, again=("--again",)))
    said = tmp_path / "said"
    until(lambda: supervisor.look() or (said.exists() and said.read_text().count(".") >= 2))
    assert said.read_text().startswith(".--again.")


NOTES_ITS_END = """
import signal, sys, time
from pathlib import Path
def end(*_):
    time.sleep({slow})
    with Path({file!r}).open("a") as file:
        file.write({name!r} + " ")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
with Path({file!r} + ".up").open("a") as file:
    file.write(".")
while True:
    time.sleep(0.05)
"""


def test_the_stages_end_one_after_the_other_and_the_service_last(kept, tmp_path):
    file = tmp_path / "ends"
    told = []

    class Service:
        def start(self):
            raise AssertionError("it runs already")

        def stop(self):
            told.append(file.read_text())

        def alive(self):
            return True

    codes = [
        NOTES_ITS_END.format(file=str(file), name=name, slow=slow)
        for name, slow in (("web", 0.4), ("worker", 0.0))
    ]
    supervisor = kept(
        child("worker", codes[1], stage=1), child("web", codes[0], stage=0), service=Service()
    )
    supervisor.look()
    up = tmp_path / "ends.up"
    until(lambda: up.exists() and len(up.read_text()) == 2)
    supervisor.stop()
    assert file.read_text() == "web worker "
    assert told == ["web worker "]


def test_who_does_not_end_in_time_is_killed_with_all_it_started(kept, caplog, tmp_path):
    file = tmp_path / "pid"
    code = (
        "import signal, subprocess, sys, time; from pathlib import Path; "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"p = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); "
        f"Path({str(file)!r}).write_text(str(p.pid) + '.'); time.sleep(600)"
    )
    supervisor = kept(child("stubborn", code), grace=0.3)
    supervisor.look()
    until(lambda: file.exists() and file.read_text().endswith("."))
    grandchild, own = int(file.read_text()[:-1]), supervisor.pids()["stubborn"]
    supervisor.stop()
    until(lambda: not is_alive(own) and not is_alive(grandchild))
    assert "did not end in time" in caplog.text


def test_a_service_that_died_is_started_again_and_trouble_with_it_is_said(kept, caplog):
    class Service:
        up, tries = False, 0

        def start(self):
            self.tries += 1
            if self.tries == 1:
                raise ConfigError(["the disk is full"])
            self.up = True

        def stop(self):
            self.up = False

        def alive(self):
            return self.up

    service = Service()
    supervisor = kept(service=service)
    until(lambda: supervisor.look() or service.up)
    assert "the disk is full" in caplog.text
    assert service.tries == 2


def test_run_goes_on_until_it_is_told_to_end_and_puts_the_handlers_back():
    code = (
        "import os, signal, sys\n"
        "from bridge.supervisor import Child, Supervisor\n"
        f"child = Child(name='x', argv=(sys.executable, '-c', {TELLING!r}))\n"
        "code = Supervisor([child]).run()\n"
        "assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL\n"
        "print('ended', code, flush=True)\n"
    )
    for sign in (signal.SIGTERM, signal.SIGINT):
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout.readline() == "up\n"  # its child's: it listens since before
            process.send_signal(sign)
            out, _ = process.communicate(timeout=30)
        assert out == "ended 0\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child")
def test_a_child_dies_with_its_parent():
    inner = (
        "import os, sys, time; from bridge.processes import die_with_parent; "
        "die_with_parent(int(sys.argv[1])); print(os.getpid(), flush=True); time.sleep(600)"
    )
    outer = (
        "import os, subprocess, sys, time; "
        f"subprocess.Popen([sys.executable, '-c', {inner!r}, str(os.getpid())]); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
        parent.wait()
        until(lambda: not is_alive(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child")
def test_a_child_whose_parent_is_gone_already_dies_at_once():
    code = "from bridge.processes import die_with_parent; die_with_parent(1234567)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGTERM


def test_a_worker_gives_way_and_what_it_starts_does_too():
    code = (
        "import os, threading; from bridge.processes import step_aside; step_aside(); found = []; "
        "one = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0))); "
        "one.start(); one.join(); print(found == [os.SCHED_BATCH] == [os.sched_getscheduler(0)])"
    )
    assert subprocess.check_output([sys.executable, "-c", code]) == b"True\n"
