# family.sh -- sourced behind tap.sh and cluster.sh: what Slurm can do with a program that is linked to one family of MPI.
# shellcheck shell=bash

# slurm_family FAMILY DUNLIN: the ways of srun that hold, and those that must be refused in one line. Over both nodes where there are two.
slurm_family() {
    local family=$1 program=$2 way works='' refused='' word='' two=() dir
    [ "$cluster_nodes" = 1 ] || two=(-N2)
    case $family in
    mpich*) works=pmi2 refused='none pmix' word='srun --mpi=pmi2' ;;
    intel) works='pmix pmi2' refused=none word='srun --mpi=pmix' ;;
    *) works=pmix refused='none pmi2' word='srun --mpi=pmix' ;;
    esac
    for way in $works; do
        dir=$family-$way
        # Intel's own pmi2 takes all tasks for those of one node
        if [ "$family-$way" = intel-pmi2 ] && [ ${#two[@]} -gt 0 ]; then
            run srun --mpi=pmi2 "${two[@]}" -n 4 "$program" train --env corridor --frames 20000 --out "apart-$family"
            check "$family, srun --mpi=pmi2 on two nodes: status 2, one line names I_MPI_PMI_LIBRARY, and there is no run" \
                bash -c "[ $status = 2 ] && [ ! -e apart-$family ] && [ \$(grep -c '^dunlin: ' err) = 1 ] && grep -q I_MPI_PMI_LIBRARY err"
            two=()
        fi
        all_play "$dir" 3 60000 run srun --mpi="$way" "${two[@]}" -n 4 "$program" train --env corridor --eval-every 0
        check "$family, srun --mpi=$way: status 0, done, every rank played" \
            is "$status $(grep -cE '^state done|^actor [123] host .* frames [1-9]' "$dir/status")" "0 4"
        [ ${#two[@]} = 0 ] || check "$family, srun --mpi=$way: on both nodes" is "$(grep -o 'host c[01]' "$dir/status" | sort -u | wc -l)" 2
    done
    for way in $refused; do
        run srun --mpi="$way" -n 3 "$program" train --env corridor --frames 20000 --out "refused-$family"
        check "$family, srun --mpi=$way: status 2, one line says what to use, and there is no run" \
            bash -c "[ $status = 2 ] && [ ! -e refused-$family ] && [ \$(grep -c '^dunlin: ' err) = 1 ] && grep -q '^dunlin: 3 tasks .*$word' err"
    done
}

# slurm_family_whole FAMILY DUNLIN: and its own mpirun in jobs, as train.sbatch and a shell on a node have it, and who dies
slurm_family_whole() {
    local family=$1 program=$2 way=pmix two=() job pid at
    [ "$cluster_nodes" = 1 ] || two=(-N2)
    case $family in mpich*) way=pmi2 ;; esac
    run srun -n 1 "$program" train --env corridor --eval-every 0 --frames 20000 --actors 2 --out "step-$family"
    check "$family, alone within a step: status 0, done" is "$status $(sed -n 's/^state //p' "step-$family/status")" "0 done"
    run srun --mpi=$way -n 3 "$program" doctor --env corridor
    check "$family, srun --mpi=$way: doctor finds nothing that fails, and says what a death does" \
        bash -c "[ $status = 0 ] && grep -qE '^ok family: .*: where a rank dies (Slurm ends the step|the others go on)' out"
    run srun --mpi=$way --mincpus=2 --kill-on-bad-exit=0 -n 1 "$program" train --env corridor --frames 1000 --out "one-$family"
    check "$family, srun --mpi=$way -n 1: one rank is refused" bash -c "[ $status = 2 ] && grep -q 'one rank cannot train' err"
    job=$(DUNLIN=$program sbatch --parsable "${two[@]}" -n 2 "$source_dir/run/train.sbatch" --env corridor --eval-every 0 --log-every 0.2 \
        --frames 1e9 --out "job-$family" 2>err)
    slurm_moving() { grep -q '^frames [1-9]' "$1/status" 2>/dev/null; }
    within 60 slurm_moving "job-$family"
    scancel --signal=USR1 --batch "$job"
    within 30 grep -q '^state stopped' "job-$family/status"
    check "$family, its mpirun in a job: USR1 is a stop with a checkpoint" \
        bash -c "grep -q '^state stopped' job-$family/status && ls job-$family/checkpoint-0*.h5 >/dev/null"
    slurm_queued() { is "$(job_field "$job" Restarts)" 1; }
    within 30 slurm_queued
    check "$family, its mpirun in a job: back in the queue" slurm_queued
    cp "dunlin-$job.log" err
    check "$family, its mpirun in a job: an actor for each task" grep -q '2 actors' err
    scancel "$job"
    srun --mpi=$way -n 3 "$program" train --env corridor --frames 1e9 --checkpoint-every 2000 --log-every 0.2 --eval-every 0 \
        --out "killed-$family" >out 2>err &
    pid=$!
    within 60 ls "killed-$family"/checkpoint-0*.h5 >/dev/null 2>&1
    kill -KILL "$(rank "killed-$family" 2)"
    if [ $way = pmi2 ]; then
        within 30 grep -q '^actor 2 .* state dead' "killed-$family/status"
        check "$family, srun --mpi=$way, an actor killed: it is named" grep -q '^actor 2 .* state dead' "killed-$family/status"
        kill -USR1 "$(rank "killed-$family" 0)"
        within 30 grep -q '^state stopped' "killed-$family/status"
        check "$family, srun --mpi=$way, an actor killed: the others go on, until they are stopped" grep -q '^state stopped' "killed-$family/status"
    fi
    timeout 60 tail --pid=$pid -f /dev/null
    check "$family, srun --mpi=$way, an actor killed: the step ends" is "$(kill -0 $pid 2>&1 | grep -c 'No such')" 1
    at=$(find "killed-$family" -name 'checkpoint-0*.h5' | sed 's/.*checkpoint-0*//; s/\.h5$//' | sort -n | tail -n 1)
    run srun --mpi=$way -n 3 "$program" resume "killed-$family" --frames $((at + 20000))
    check "$family, srun --mpi=$way: what was saved goes on to its end" is "$status $(sed -n 's/^state //p' "killed-$family/status")" "0 done"
}
