"""For every test: what operators read is English, whatever the locale of who runs the tests."""

from __future__ import annotations

import os

from hotline.words import CHOICE

os.environ[CHOICE] = "en"  # in the environment, so that programs which tests start say English too
