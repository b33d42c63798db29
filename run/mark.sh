# mark.sh -- sourced: what counts as learned, as a mean return of whole games.
# shellcheck shell=bash

# mark ENV: the mean that the learned agent of a built-in environment reaches; nothing for others
mark() {
    case $1 in
    catch | corridor) echo 0.95 ;; # of 1
    cue) echo 0.9 ;;               # of 1
    cartpole) echo 475 ;;          # of 500
    acrobot) echo -115 ;;          # the best known is about -70
    mountaincar) echo -160 ;;      # the best known is about -100
    esac
}
reaches() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 == a && a + 0 >= b + 0) }'; } # reaches MEAN MARK: no nan does
