#!/usr/bin/env bash
# test_build.sh -- the tree itself: both compilers without a warning, the folders, installation.
. "$(dirname "$0")/tap.sh"
if command -v clang >/dev/null; then
    run make -s -C "$source_dir" BUILD="$scratch/clang" CC_BACKEND=clang OPT=-O1 WERROR=-Werror all
    check "clang builds it without a warning" is "$status" 0
else
    skip "clang builds it without a warning" "clang is not installed"
fi
if git -C "$source_dir" rev-parse >/dev/null 2>&1; then
    want="Makefile README.md env hostfile.example include run src tests LICENSE"
    have=$(git -C "$source_dir" ls-tree --name-only HEAD | grep -v '^\.' | sort | tr '\n' ' ')
    check "the top level is as designed" is "$have" "$(tr ' ' '\n' <<<"$want" | sort | tr '\n' ' ')"
else
    skip "the top level is as designed" "git is not there"
fi
run env TEST_ONLY=no_such_test bash "$source_dir/tests/run.sh" build "$source_dir/tests/list"
check "a test that is not there is no success" test "$status" = 2 -a "$(grep -c no_such_test err)" = 1
check "the Makefile has at most 120 lines" test "$(wc -l <"$source_dir/Makefile")" -le 120
run make -s -C "$source_dir" help
check "make help lists the verbs" grep -q '^make soak' out
run make -n -C "$source_dir" BUILD="$scratch/none" CPPFLAGS=-I/odd/include CFLAGS=-DODD LDFLAGS=-L/odd/lib all
check "CPPFLAGS and CFLAGS of the command line are added to the program's own" \
    grep -q -- '-Iinclude -Isrc .*-I/odd/include .*-Wshadow.* -DODD .*-c src/main.c' out
check "LDFLAGS too" grep -q -- '-rdynamic -L/odd/lib -Wl,-rpath,/odd/lib .*-lgif .*-o .*/dunlin$' out
run env PKG_CONFIG_LIBDIR=/nowhere make -C "$source_dir" BUILD="$scratch/none" all
check "a missing library stops make in one line, before the first compile" \
    test "$status" != 0 -a ! -e none -a "$(cat out err | grep -vc '^make: \(Entering\|Leaving\)')" = 1
check "and one line that installs it all" grep -q 'sudo apt-get install -y libhdf5-dev libinih-dev libopenblas-dev libssl-dev)' err
check "which says what to install" grep -q 'missing: OpenBLAS (Debian: libopenblas-dev; module: openblas), .*' err
printf '#!/bin/sh\nexec gcc "$@"\n' >bare-mpicc && chmod +x bare-mpicc
run make -C "$source_dir" BUILD="$scratch/none" MPICC="$scratch/bare-mpicc" all
check "an mpicc without mpi.h, as openmpi-bin has it, is no MPI to build with" grep -q 'missing: .*bare-mpicc (Debian: libopenmpi-dev' err
ln -s "$DUNLIN_BUILD" linked
run make -s -f "$source_dir/Makefile" BUILD=linked all
check "make -f works from another folder" test "$status" = 0 -a -x linked/dunlin
mkdir -p 'a b/tree' && cp -r "$source_dir/Makefile" "$source_dir/run" 'a b/tree'
unable='cannot work below a folder with a blank in its name'
for words in "make -s -C|a b/tree|help" "make -s -f|a b/tree/Makefile" "make -s -C|$source_dir|BUILD=a b|all" "bash|a b/tree/run/quickstart.sh" \
    "bash|a b/tree/run/test.sh|quick"; do
    IFS='|' read -ra w <<<"$words"
    # shellcheck disable=SC2086
    run ${w[0]} "${w[@]:1}"
    check "a blank in a path, ${words//|/ }: one line that says so" test "$status" = 2 -a "$(cat out err | grep -c .)" = 1 -a "$(grep -c "$unable" err)" = 1
done
run bash "$source_dir/run/test.sh" --help
check "test.sh --help: nothing is done" test "$status" = 0 -a "$(grep -c '^test.sh \[quick' out)" = 1 -a "$(wc -l <out)" = 3
mkdir -p made/atari made/venv made/src && touch made/atari/game made/venv/python made/src/a.o made/dunlin
run make -s -C "$source_dir" BUILD="$scratch/made" clean
check "make clean leaves what was fetched" is "$(find made -type f | sort | tr '\n' ' ')" "made/atari/game made/venv/python "
run make -s -C "$source_dir" BUILD="$DUNLIN_BUILD" DESTDIR="$scratch/dest" PREFIX=/opt/dunlin install
check "install honours DESTDIR and PREFIX" test "$status" = 0 -a -x dest/opt/dunlin/bin/dunlin -a -f dest/opt/dunlin/include/dunlin/env.h
run dest/opt/dunlin/bin/dunlin --version
check "the installed program runs" grep -q "^dunlin [0-9]" out
check "presets, scripts, man page and completions are installed" is "$(cd dest/opt/dunlin/share && ls dunlin/pong.ini dunlin/fetch-atari.sh \
    dunlin/train.sbatch man/man1/dunlin.1 bash-completion/completions/dunlin zsh/site-functions/_dunlin | wc -l)" 6
run dest/opt/dunlin/bin/dunlin train pong --help
check "the installed program finds its presets" test "$status" = 0 -a "$(grep -c 'atari:pong' out)" = 1
if command -v man >/dev/null && command -v groff >/dev/null; then
    run env MANWIDTH=80 man --warnings -l dest/opt/dunlin/share/man/man1/dunlin.1
    check "the man page is one, without a warning" test "$status" = 0 -a ! -s err -a "$(grep -c -- '--stop-at TEXT' out)" = 1
else
    skip "the man page is one, without a warning" "man is not installed"
fi
complete() { # complete WORD...: what bash offers for the last
    bash -c 'source dest/opt/dunlin/share/bash-completion/completions/dunlin; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dunlin
        printf "%s\n" "${COMPREPLY[@]}"' bash dunlin "$@" | sort | tr '\n' ' '
}
check "bash completes commands" is "$(complete re)" "record resume "
check "bash completes options, of each command its own" is "$(complete train --lr) $(complete top --)" "--lr --lr-anneal  --help --interval --once "
check "bash completes the words of an option" is "$(complete train --relay '') $(complete train --algo = n-)" "auto off  n-step-q "
check "bash completes environments" is "$(complete train --env cartp)" "cartpole "
if command -v zsh >/dev/null; then check "zsh reads its completion" zsh -n dest/opt/dunlin/share/zsh/site-functions/_dunlin
else skip "zsh reads its completion" "zsh is not installed"; fi
printf '#include "dunlin/env.h"\nint main(void) { struct env_ops ops = {.api = DUNLIN_ENV_API}; return ops.api != DUNLIN_ENV_API; }\n' >plug.c
run gcc -std=c11 -Wall -Wextra -Werror -Idest/opt/dunlin/include plug.c -o plug -lm
check "the installed header stands alone" is "$status" 0
touch dest/opt/dunlin/share/dunlin/mine.ini
run make -s -C "$source_dir" BUILD="$DUNLIN_BUILD" DESTDIR="$scratch/dest" PREFIX=/opt/dunlin uninstall
check "uninstall takes away what was installed, and nothing else" is "$(find dest -type f)" dest/opt/dunlin/share/dunlin/mine.ini
run make -n -C "$source_dir" BUILD="$scratch/none" LDFLAGS="-L$scratch/odd" all
check "an odd folder of libraries is named to the loader" grep -q -- "-L$scratch/odd .*-Wl,-rpath,$scratch/odd " out
check "a usual one is not" is "$(grep -c -- '-rpath,/usr/lib' out)" 0

# packages: no container tool or Spack is asked for; what they would read and run is looked at
packaging=$source_dir/run/packaging
sources() { sed -n 's|^COPY \([^-].*\) /src.*|\1|p; s|^    \([A-Za-z]*\) /src/.*|\1|p' "$1"; }
for f in Containerfile dunlin.def; do
    rm -rf tree && mkdir tree
    for s in $(sources "$packaging/$f"); do cp -r "$source_dir/$s" tree/; done
    run make -n -C tree BUILD="$scratch/none" PREFIX=/opt/dunlin install
    check "$f: what it copies is enough to build and install" grep -q 'run/install.sh install .* "/opt/dunlin"' out
done
{ sed -n 's/^RUN //p' "$packaging/Containerfile" | sed 's/ \\$//'; sed -n '/^%post/,/^%env/{/^%/!p}' "$packaging/dunlin.def"; } >commands
check "their commands are those of a shell" test "$(wc -l <commands)" -gt 6 -a "$(bash -n <(grep -v '&&$' commands) && echo well)" = well
if command -v apt-cache >/dev/null && grep -q '^VERSION_ID="12"' /etc/os-release; then
    names=$(grep -oE '(openmpi|lib[a-z0-9-]+|gnuplot|openssh)[a-z0-9-]*' <(sed -n '/apt-get install/,/&&/p' "$packaging/Containerfile"))
    check "Debian 12 has the packages that the container runs with" is "$(for n in $names; do apt-cache show "$n" >/dev/null 2>&1 || echo "$n"; done)" ""
    need=$(ldd "$dunlin" | awk '/=>/ { print $3 }' | xargs -r realpath | xargs -r dpkg -S 2>/dev/null | cut -d: -f1 | grep -E '^lib(gif|inih|hdf5|openblas|ssl)')
    check "they are those of the libraries that the program was linked with" is "$(grep -vxF "$names" <<<"$need" | grep .)" ""
else
    skip "Debian 12 has the packages that the container runs with" "this is no Debian 12"
fi
cat >recipe.py <<'P'
import os, sys, types  # what Spack gives to a recipe, as far as this one asks for it

given = types.ModuleType("spack.package")
for name in ("version", "variant", "depends_on", "conflicts"):
    setattr(given, name, lambda *words, **more: None)
given.MakefilePackage, given.spack_cc = type("MakefilePackage", (), {}), "gcc"
sys.modules["spack"], sys.modules["spack.package"] = types.ModuleType("spack"), given
scope = {"__file__": sys.argv[1], "__name__": "recipe"}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), scope)
package = scope["Dunlin"]()
package.spec, package.prefix = {"mpi": types.SimpleNamespace(mpicc="mpicc")}, "/opt/spack/dunlin"
assert scope["CHECKOUT"] == os.path.abspath(sys.argv[2]) and package.build_targets[-1] == "all", scope["CHECKOUT"]
print("\n".join(package.install_targets))
P
mapfile -t words < <(python3 recipe.py "$packaging/spack/packages/dunlin/package.py" "$source_dir")
run make -n -C "$source_dir" BUILD="$scratch/none" "${words[@]}"
check "what the Spack recipe calls make with builds and installs" grep -q 'run/install.sh install .* "/opt/spack/dunlin"' out
finish
