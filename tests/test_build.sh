#!/usr/bin/env bash
# test_build.sh -- the tree itself: both compilers without a warning, the formatter, the folders, installation.
. "$(dirname "$0")/tap.sh"
RUN_LIMIT=280
if command -v clang >/dev/null; then
    run make -s -C "$source_dir" BUILD="$scratch/clang" CC_BACKEND=clang OPT=-O1 WERROR=-Werror all
    check "clang builds it without a warning" is "$status" 0
else
    skip "clang builds it without a warning" "clang is not installed"
fi
if command -v clang-format >/dev/null && git -C "$source_dir" rev-parse >/dev/null 2>&1; then
    (cd "$source_dir" && git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror) >out 2>err
    check "clang-format has nothing to change" is $? 0
    want="Makefile README.md env hostfile.example include run src tests LICENSE"
    have=$(git -C "$source_dir" ls-tree --name-only HEAD | grep -v '^\.' | sort | tr '\n' ' ')
    check "the top level is as designed" is "$have" "$(tr ' ' '\n' <<<"$want" | sort | tr '\n' ' ')"
else
    skip "clang-format has nothing to change" "clang-format or git is not there"
fi
check "the Makefile has at most 120 lines" test "$(wc -l <"$source_dir/Makefile")" -le 120
run make -s -C "$source_dir" BUILD="$DUNLIN_BUILD" DESTDIR="$scratch/dest" PREFIX=/opt/dunlin install
check "install honours DESTDIR and PREFIX" test "$status" = 0 -a -x dest/opt/dunlin/bin/dunlin -a -f dest/opt/dunlin/include/dunlin/env.h
run dest/opt/dunlin/bin/dunlin --version
check "the installed program runs" grep -q "^dunlin [0-9]" out
printf '#include "dunlin/env.h"\nint main(void) { struct env_ops ops = {.api = DUNLIN_ENV_API}; return ops.api != DUNLIN_ENV_API; }\n' >plug.c
run gcc -std=c11 -Wall -Wextra -Werror -Idest/opt/dunlin/include plug.c -o plug -lm
check "the installed header stands alone" is "$status" 0
finish
