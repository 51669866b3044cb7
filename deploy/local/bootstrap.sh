#!/bin/sh
# Make the virtual environment .venv/ from deploy/requirements/dev.txt; silent when it is current.
# With an argument, add what the requirements of that name have beyond those, which they include.
# Uses uv when it is there, else venv and pip. PYTHON names an interpreter to use, if any.
set -eu
cd "$(dirname "$0")/../.."

name=${1:-dev}
requirements=deploy/requirements/$name.txt
python=.venv/bin/python
stamp=.venv/.installed-$name-$(cksum <"$requirements" | tr ' ' '-')
usable='import sys; sys.exit(sys.version_info < (3, 12))'

is_usable() {
    [ -n "$1" ] && "$1" -I -c "$usable" >/dev/null 2>&1
}

is_current() {
    [ -f "$stamp" ] && is_usable "$python"
}

has_uv() {
    command -v uv >/dev/null 2>&1
}

# Candidates are tried by running them: a shim may exist for a version that is not selected here.
find_python() {
    for candidate in \
        "${PYTHON:-}" \
        "$(pyenv which python 2>/dev/null || :)" \
        "$(uv python find 2>/dev/null || :)" \
        python3.13 python3.14 python3.12 python3 python \
        "$(pyenv root 2>/dev/null || :)"/versions/3.1[2-9]*/bin/python3; do
        if is_usable "$candidate"; then
            if has_uv || "$candidate" -I -c 'import venv, ensurepip' >/dev/null 2>&1; then
                printf '%s\n' "$candidate"
                return
            fi
            echo "$candidate has no venv module (on Debian and Ubuntu: python3-venv)" >&2
        fi
    done
}

# Two runs in one checkout: the second waits. The lock of a run that was killed is taken over.
lock=.venv.lock
take_lock() {
    nameless=0
    until mkdir "$lock" 2>/dev/null; do
        holder=$(cat "$lock/pid" 2>/dev/null || :)
        [ -n "$holder" ] || nameless=$((nameless + 1))
        if [ "$nameless" -gt 10 ] || { [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; }; then
            nameless=0
            rm -rf "$lock"
        else
            sleep 1
        fi
    done
    echo $$ >"$lock/pid"
    trap 'rm -rf "$lock"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

is_current && exit 0
take_lock
is_current && exit 0

if ! is_usable "$python" || { ! has_uv && ! "$python" -m pip --version >/dev/null 2>&1; }; then
    found=$(find_python)
    if [ -n "$found" ]; then
        echo "Making .venv with $("$found" --version) ..."
        if has_uv; then
            rm -rf .venv
            uv venv --quiet --python "$found" .venv
        else
            "$found" -m venv --clear .venv
        fi
    elif has_uv; then
        echo "No Python of 3.12 or later here; asking uv for one ..."
        rm -rf .venv
        uv venv --quiet --python '>=3.12' .venv
    else
        echo "No Python of 3.12 or later was found. Install one, or name it:" >&2
        echo "    make PYTHON=/path/to/python3.13 demo" >&2
        exit 1
    fi
fi

echo "Installing $requirements ..."
# What was added to older ones may not fit new ones.
if [ "$name" = dev ]; then rm -f .venv/.installed-*; else rm -f ".venv/.installed-$name-"*; fi
if has_uv; then
    uv pip install --quiet --python "$python" --require-hashes -r "$requirements"
else
    "$python" -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes -r "$requirements"
fi
: >"$stamp"
