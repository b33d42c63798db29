# flat.sh -- sourced, after kill.sh, by the soaks whose memory and open files must stay flat.
# shellcheck shell=bash
# sample RUN SESSION BEGAN: a line for each rank, "session rank seconds KB files", seconds since BEGAN, KB of memory of its own: of what
# is shared it has each page when it first reads it, however late. Of rank 0 and its guard, a younger process, the first is rank 0.
sample() {
    local p r seen=" "
    for p in $(processes "$1"); do
        r=$(tr '\0' '\n' <"/proc/$p/environ" 2>/dev/null | sed -n 's/^OMPI_COMM_WORLD_RANK=//p')
        case $seen in *" $r "*) continue ;; esac
        seen+="$r "
        [ -z "$r" ] || echo "$2 $r $((SECONDS - $3)) $(awk '/^RssAnon/ { print $2 }' "/proc/$p/status" 2>/dev/null) $(find "/proc/$p/fd" 2>/dev/null | wc -l)"
    done
}
# growth FILE: of each rank and session of such lines, from the least of the minute after the first to that of its last
# minute: what is there for a moment, as a checkpoint's image, is no growth
growth() {
    awk '{ k = $1 " " $2; last[k] = $3 } { v[k, $3] = $4; f[k, $3] = $5 } END {
        for (k in last) {
            m = n = hi = 0; a = b = lo = 1e9
            for (t = 61; t <= last[k]; t++) if ((k, t) in v && v[k, t] > 0) {
                if (t <= 120) { if (v[k, t] < a) a = v[k, t]; m++ }
                if (t > last[k] - 60) { if (v[k, t] < b) b = v[k, t]; n++ }
                if (f[k, t] < lo) lo = f[k, t]
                if (f[k, t] > hi) hi = f[k, t]
            }
            if (m && n && last[k] > 180) printf "session-rank %s growth %.3f files %d %d\n", k, 100 * b / a - 100, lo, hi
        } }' "$1"
}
