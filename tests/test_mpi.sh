#!/usr/bin/env bash
# test_mpi.sh -- the tests of src/share with Open MPI 5 and with MPICH, as far as their wheels can be had. tests/mpi/run.sh does
# more, by hand: trainings, kills and two nodes.
count=0 failed=0
for family in openmpi5 mpich; do
    while read -r line; do
        case $line in
        'ok '* | 'not ok '*)
            count=$((count + 1)) word=${line%%ok *}ok
            echo "$word $count ${line#"$word" * }"
            [ "$word" = ok ] || failed=1
            ;;
        *) echo "$line" ;;
        esac
    done < <(RANKS="2 3" bash "${DUNLIN_SOURCE:-$PWD}/tests/mpi/run.sh" $family quick 2>&1)
done
[ $count -gt 0 ] && [ $failed = 0 ]
