"""`python -m hotline.fetch_pip`: puts pip into an environment that was made without it.

Debian's Python has no ensurepip until python3-venv is installed; this gets pip's wheel from a signed Debian
package instead, without root. Runs before anything is installed: only the standard library may be used.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from hotline.debian_packages import FetchError, fetch_packages, unpack_packages
from hotline.words import say, told


def main() -> int:
    """Install pip into the running environment; returns the exit status."""
    if sys.prefix == sys.base_prefix:
        print(say("packages.only_in_venv"), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="hotline-pip-") as name:
        work = Path(name)
        try:
            archives = fetch_packages(["python3-pip-whl"], work, print)
            unpack_packages(archives, work / "tree", print)
        except FetchError as error:
            print(say("packages.fetch_pip", why=told(error)), file=sys.stderr)
            return 1
        wheels = sorted((work / "tree/usr/share/python-wheels").glob("pip-*.whl"))
        if not wheels:
            print(say("packages.no_pip"), file=sys.stderr)
            return 1
        pip = [sys.executable, f"{wheels[0]}/pip", "install", "--no-index", "--disable-pip-version-check"]
        return subprocess.run([*pip, str(wheels[0])], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
