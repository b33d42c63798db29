# setup.sh -- sourced by the other scripts: finds or installs what building takes. No daemon, no network where all is there.
# shellcheck shell=bash

say() { echo "dunlin: $*" >&2; }

# What is missing, one thing a line as "what|Debian package|module to ask for": what building takes ...
missing_to_build() {
    local cc=${CC_BACKEND:-gcc}
    command -v make >/dev/null || echo "make|make|a compiler suite"
    command -v "${cc%% *}" >/dev/null || echo "$cc|$cc|gcc"
    command -v pkg-config >/dev/null || { echo "pkg-config|pkg-config|pkgconf"; return; }
    # Debian's openmpi-bin, which comes for mpirun, has an mpicc without mpi.h
    "${MPICC:-mpicc}" -E -include mpi.h -x c /dev/null >/dev/null 2>&1 || echo "${MPICC:-mpicc}|libopenmpi-dev|openmpi"
    pkg-config --exists openblas || echo "OpenBLAS|libopenblas-dev|openblas"
    pkg-config --exists hdf5 || pkg-config --exists hdf5-serial || echo "HDF5|libhdf5-dev|hdf5"
    pkg-config --exists inih || echo "inih|libinih-dev|inih"
    pkg-config --exists libcrypto || echo "libcrypto|libssl-dev|openssl"
    # giflib has no pkg-config file in Debian
    # shellcheck disable=SC2086
    ! command -v "${cc%% *}" >/dev/null || $cc ${CPPFLAGS:-} -E -include gif_lib.h -x c /dev/null >/dev/null 2>&1 ||
        echo "giflib|libgif-dev|giflib"
}

# ... and what the pieces named take besides
missing_pieces() {
    local pc
    missing_to_build
    command -v mpirun >/dev/null || echo "mpirun|openmpi-bin|openmpi"
    command -v gnuplot >/dev/null || echo "gnuplot|gnuplot-nox|gnuplot"
    for pc in "$@"; do
        case $pc in
        cmocka) pkg-config --exists cmocka || echo "cmocka|libcmocka-dev|cmocka" ;;
        python3) python3 -c 'import ensurepip, venv' 2>/dev/null || echo "python3 with venv|python3-venv|python" ;;
        h5dump) command -v h5dump >/dev/null || echo "h5dump|hdf5-tools|hdf5" ;;
        slurm)
            [ -x /usr/sbin/slurmctld ] || command -v slurmctld >/dev/null || echo "slurmctld|slurmctld|slurm"
            [ -x /usr/sbin/slurmd ] || command -v slurmd >/dev/null || echo "slurmd|slurmd|slurm"
            command -v sbatch >/dev/null || echo "sbatch|slurm-client|slurm"
            [ -x /usr/sbin/munged ] || command -v munged >/dev/null || echo "munged|munge|munge"
            # the name that Slurm's plugin for srun --mpi=pmix looks for
            [ -n "$(find /usr/lib/*/pmix2/lib /usr/lib /usr/lib64 -maxdepth 1 -name libpmix.so 2>/dev/null)" ] ||
                echo "libpmix.so|libpmix-dev|pmix" ;;
        ip) command -v ip >/dev/null || [ -x /sbin/ip ] || echo "ip|iproute2|iproute2" ;;
        esac
    done
}

# the one line that installs what lines of missing_pieces name
apt_line() { echo "sudo apt-get install -y $(echo "$1" | cut -d'|' -f2 | sort -u | tr '\n' ' ' | sed 's/ $//')"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

policy=/usr/sbin/policy-rc.d # what tells apt whether services may start
policy_mark='# of Dunlin (run/setup.sh), by process'

# removes a policy that a killed setup left
awaken() {
    local pid
    pid=$(sed -n "s|^$policy_mark ||p" $policy 2>/dev/null) || return 0
    [ -z "$pid" ] || [ -e "/proc/$pid" ] || as_root rm -f $policy || true
}

# asleep COMMAND...: what it installs starts no services, now or at the next boot; programs alone are wanted. In a shell of its own:
# whatever signal ends it, the policy goes, and traps of the caller stay
asleep() (
    self=$BASHPID ours='' signal=''
    awake() {
        local unit
        [ -z "$ours" ] || as_root rm -f $policy
        for unit in munge slurmctld slurmd; do
            case $had in *$unit.service*) ;; *) as_root systemctl disable -q $unit >/dev/null 2>&1 || true ;; esac
        done
    }
    awaken
    had=$(as_root systemctl list-unit-files --state=enabled munge.service slurmctld.service slurmd.service 2>/dev/null) || true
    trap awake EXIT
    for signal in HUP INT TERM; do
        # shellcheck disable=SC2064
        trap "trap - $signal EXIT; awake; kill -s $signal $self" $signal
    done
    if [ ! -e $policy ]; then
        ours=yes
        printf '#!/bin/sh\n%s %d\nexit 101\n' "$policy_mark" "$self" | as_root tee $policy >/dev/null && as_root chmod 755 $policy
    fi
    "$@"
)

# need PIECE...: installs what is missing where apt and root or sudo are there; else says in one line per piece what to ask for
need() {
    local lines packages round log
    awaken
    for round in 1 2; do # without pkg-config the first look sees little
        lines=$(missing_pieces "$@")
        [ -n "$lines" ] || return 0
        command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; } || break
        packages=$(echo "$lines" | cut -d'|' -f2 | sort -u | tr '\n' ' ')
        say "installing $packages"
        log=$(mktemp) || { say "no temporary file can be made; set TMPDIR to a folder that is there"; exit 1; }
        [ "$round" != 1 ] || as_root apt-get update -q >"$log" 2>&1 || say "apt-get update failed; trying with the lists that are there"
        # shellcheck disable=SC2086
        asleep as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages >>"$log" 2>&1 ||
            { say "apt-get could not install $packages; the last of what it said:"; tail -5 "$log" >&2; exit 1; }
        rm -f "$log"
    done
    lines=$(missing_pieces "$@")
    [ -n "$lines" ] || return 0
    echo "$lines" | while IFS='|' read -r what package module; do
        say "$what is missing: install the package $package, or load the module \"$module\" (ask for it where there is none)"
    done
    ! command -v apt-get >/dev/null || say "on this system all of it comes by: $(apt_line "$lines")"
    exit 1
}

# mpirun refuses root unless told twice
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

# called, not sourced, by the Makefile: what is missing in one line, or nothing
if [ "${1:-}" = missing ] && [ "${BASH_SOURCE[0]}" = "$0" ]; then
    lines=$(missing_to_build)
    echo "$lines" | awk -F'|' -v apt="$(apt_line "$lines")" '/./ { line = line (NR > 1 ? ", " : "") $1 " (Debian: " $2 "; module: " $3 ")" }
        END { if (line) print "missing: " line "; install it (" apt "), or let run/quickstart.sh do so" }'
fi
