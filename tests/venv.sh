# venv.sh -- sourced by what needs Python packages: $python of the virtual environment DUNLIN_VENV (build/venv).
# shellcheck shell=bash
venv=${DUNLIN_VENV:-${DUNLIN_SOURCE:-$PWD}/build/venv}
python=$venv/bin/python
# venv_has "MODULE, MODULE" PACKAGE...: that Python can import them, if need be once pip has installed the packages. One test at a
# time: others may be looking for theirs
venv_has() {
    local modules=$1; shift
    "$python" -c "import $modules" 2>/dev/null && return
    command -v python3 >/dev/null || { echo "there is no python3" >&2; return 1; }
    mkdir -p "$(dirname "$venv")"
    (
        flock 9
        "$python" -c "import $modules" 2>/dev/null && exit
        [ -x "$python" ] || python3 -m venv "$venv" || exit
        "$python" -m pip install -q --disable-pip-version-check "$@" && "$python" -c "import $modules"
    ) 9>"$venv.lock" >&2
}
