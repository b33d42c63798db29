# venv.sh -- sourced by what needs Python packages: $python of the virtual environment DUNLIN_VENV (build/venv), made of what
# tests/requirements.txt names by version and SHA-256, and of nothing else; but with VENV_OPEN=1, which a part of the soak sets for
# packages of gigabytes, of what there is today.
# shellcheck shell=bash
venv=${DUNLIN_VENV:-${DUNLIN_SOURCE:-${source_dir:-$PWD}}/build/venv}
python=$venv/bin/python
pins=${DUNLIN_SOURCE:-${source_dir:-$PWD}}/tests/requirements.txt
# venv_pinned PACKAGE...: their lines of requirements.txt, and those of all that they need; 1 where one is not there
venv_pinned() {
    awk -v asked="$*" '
        /^# needs:/ { needs = substr($0, 10); next }
        /^#/ { next }
        { name = $0; sub(/==.*/, "", name); line[name] = $0; need[name] = needs }
        function take(name, of, n, i) {
            if (name in taken) return
            taken[name]
            if (!(name in line)) { print "tests/requirements.txt has no " name >"/dev/stderr"; bad = 1; return }
            print line[name]
            n = split(need[name], of, " ")
            for (i = 1; i <= n; i++) take(of[i])
        }
        END { n = split(asked, names, " "); for (i = 1; i <= n; i++) take(names[i]); exit bad }' "$pins"
}
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
        if [ -n "${VENV_OPEN:-}" ]; then
            "$python" -m pip install -q --disable-pip-version-check "$@"
        else
            venv_pinned "$@" >"$venv/pinned" &&
                "$python" -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r "$venv/pinned"
        fi && "$python" -c "import $modules"
    ) 9>"$venv.lock" >&2
}
