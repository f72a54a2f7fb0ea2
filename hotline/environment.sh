# Makes the private Python environment (.venv) of this folder. Sourced by ./run and ./test.
# Uses: HERE, the folder of the project. Offers: make_environment [EXTRA]
# shellcheck shell=sh

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# A text of the catalogue in the operator's language (chosen as hotline/words.py does), with {place} filled in.
words() {
    while IFS= read -r line; do
        case "$line" in "$1 = "*) break ;; esac
    done < "$HERE/hotline/catalogue/environment.toml"
    case "${HOTLINE_LANG:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}}" in
        [zZ][hH]*) text="${line#*zh = \"}"; text="${text%%\", en = *}" ;;
        *) text="${line##*, en = \"}"; text="${text%\" \}}" ;;
    esac
    case "$text" in
        *"{place}"*) text="${text%%"{place}"*}$2${text#*"{place}"}" ;;
    esac
    printf '%s\n' "$text"
}

# The first Python that is new enough and starts at all (a pyenv shim may exist without its Python).
find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    fail "$(words no_python)"
}

# What an environment is made for: this folder, these extras, and the Python behind its link, which the system's next
# release replaces by a newer one that finds none of the packages.
place_of() { printf '%s' "$HERE $1 $(readlink -f "$HERE/.venv/bin/python")"; }

# An environment is whole when it was made here, from this very pyproject.toml, with these extras.
environment_is_current() {
    [ -x "$HERE/.venv/bin/python" ] &&
        [ "$(cat "$HERE/.venv/hotline.place" 2>/dev/null)" = "$(place_of "$1")" ] &&
        cmp -s "$HERE/pyproject.toml" "$HERE/.venv/hotline.pyproject.toml"
}

# An environment that works: new enough, with pip, and not moved here from another folder.
environment_works() {
    "$HERE/.venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
        "$HERE/.venv/bin/python" -m pip --version >/dev/null 2>&1 &&
        { [ ! -e "$HERE/.venv/hotline.home" ] || [ "$(cat "$HERE/.venv/hotline.home")" = "$HERE" ]; }
}

make_environment() {
    extra="${1:-}"
    if environment_is_current "$extra" || environment_is_current test; then
        return
    fi
    # Two commands at once in a fresh folder: one makes the environment, the other waits and finds it made.
    (
        lock_environment
        if ! environment_is_current "$extra" && ! environment_is_current test; then
            really_make_environment "$extra"
        fi
    ) 9> "$HERE/.venv.lock"
}

# Locks descriptor 9. Asks again and again, with -n alone: busybox's flock has neither a time limit nor long options.
# Without any flock on this machine we go on: two commands at once in a fresh folder are rare, no environment is worse.
lock_environment() {
    command -v flock >/dev/null || return 0
    flock -n 9 && return
    words waiting "$HERE/.venv"
    tries=0
    until flock -n 9; do
        tries=$((tries + 1))
        [ "$tries" -le 900 ] || fail "$(words still_made "$HERE/.venv")"
        sleep 1
    done
}

really_make_environment() {
    extra="$1"
    rm -f "$HERE/.venv/hotline.place"
    if ! environment_works; then
        # Only what this script made may be cleared: somebody may be working in an environment of their own.
        if [ -e "$HERE/.venv" ] && [ ! -e "$HERE/.venv/hotline.home" ]; then
            fail "$(words not_ours "$HERE/.venv")"
        fi
        python="$(find_python)"
        words making "$HERE/.venv ($python)"
        # Cleared and marked first: what is cut off half way is still known as ours.
        rm -rf "$HERE/.venv"
        mkdir "$HERE/.venv"
        printf '%s' "$HERE" > "$HERE/.venv/hotline.home"
        if "$python" -c 'import ensurepip' 2>/dev/null; then
            "$python" -m venv "$HERE/.venv"
        else
            # Debian keeps ensurepip in a package of its own (python3-venv); pip comes another way then.
            "$python" -m venv --without-pip "$HERE/.venv"
            (cd "$HERE" && .venv/bin/python -m hotline.fetch_pip) || fail "$(words no_pip)"
        fi
    fi
    words installing
    "$HERE/.venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
        --timeout 60 --retries 5 --editable "$HERE${extra:+[$extra]}" || fail "$(words not_installed)"
    cp "$HERE/pyproject.toml" "$HERE/.venv/hotline.pyproject.toml"
    place_of "$extra" > "$HERE/.venv/hotline.place"
}
