#!/usr/bin/env bash
# test_rooms.sh -- the source is as src/README.md says: rooms include what their rows allow, no files call each other in
# circles, files and functions are short, and all is formatted. Each finding is a line; each kind is shown to be found.
. "$(dirname "$0")/tap.sh"

files() { find "$@" -type f -name '*.[ch]' | sort; } # files FOLDER...

# includes: "FILE INCLUDED" for each header of ours, both from the tree's top, for the tree we stand in
includes() {
    files src env | xargs awk '
        !/^ *# *include "/ { next }
        {
            split($0, quoted, "\""); path = quoted[2]; from = FILENAME; sub(/\/[^\/]*$/, "", from)
            if (sub(/^(\.\.\/)+/, "", path)) to = path
            else if (path ~ /^dunlin\//) to = "include/" path
            else if (path ~ /\//) to = "src/" path
            else to = from "/" path
            print FILENAME, to
        }'
}

# find_rooms: includes that no row allows, rows and folders without each other
find_rooms() {
    includes | awk -F'|' -v folders="$(cd src && echo */) env/" '
        function trim(s) { gsub(/^[ `]+|[ `]+$/, "", s); return s }
        function room(path, parts) { split(path, parts, "/"); return parts[1] == "src" ? parts[2] : parts[1] }
        FILENAME == "src/README.md" {
            if (NF != 6 || trim($2) == "room" || $2 ~ /^-+$/) next
            name = trim($2); rows[name] = 1
            n = split($4, list, ","); for (i = 1; i <= n; i++) allowed[name, trim(list[i])] = 1
            n = split($5, list, ","); for (i = 1; i <= n; i++) never[name, trim(list[i])] = 1
            next
        }
        {
            split($0, pair, " "); from = room(pair[1]); to = room(pair[2])
            if (from == to || to == "include" || pair[1] == "src/main.c" || (from, to) in allowed) next
            print pair[1] " includes " pair[2] ": the row of " from " in src/README.md does not allow it"
        }
        END {
            n = split(folders, list, "/ ?")
            for (i = 1; i < n; i++) { there[list[i]] = 1; if (!(list[i] in rows)) print list[i] " has no row" }
            for (name in rows) if (!(name in there)) print "the row of " name " has no folder"
            for (pair_ in never) if (pair_ in allowed) { split(pair_, p, SUBSEP); print p[1] " may and must not know " p[2] }
        }' src/README.md -
}

# circles: reads edges "A B"; the members of each circle among them, a line per circle
circles() {
    tsort 2>&1 >/dev/null | awk '/loop:$/ { if (line) print line; line = "in a circle:"; next } { line = line " " $2 }
        END { if (line) print line }'
}

# find_circles: headers that include each other; and files each of which includes the next one's header
find_circles() {
    includes | awk '$1 ~ /h$/ && $1 != $2' | circles
    includes | awk '$1 ~ /c$/' | sed 's/\.[ch]\b//g' | awk '$1 != $2' | sort -u | circles
}

# find_calls BUILD: files that call each other, by the symbols of their objects; a kernel's twins count once
find_calls() {
    local tree=$PWD
    (cd "$1" && find src env -name '*.o' | sort | while read -r object; do
        [ -f "$tree/${object%%.*}.c" ] || continue # left by a file that is gone
        nm -P "$object" | sed "s|^|${object%%.*} |"
    done) | awk '
        $3 == "U" { wanted[$1 " " $2]; next }
        $3 ~ /^[A-V]$/ { home[$2] = $1 }
        END { for (w in wanted) { split(w, p, " "); if (p[2] in home && home[p[2]] != p[1]) print p[1], home[p[2]] } }' |
        sort -u | circles
}

# find_long: files over 400 lines, functions over 60, lines over 120 columns where clang-format is not told to look away
find_long() {
    files src env include tests | xargs awk '
        function ends() { if (lines > 400) print last " has " lines " lines" }
        FNR == 1 { ends(); last = FILENAME; off = start = 0 }
        { lines = FNR; columns = $0; gsub(/[\200-\277]/, "", columns) }
        /clang-format off/ { off = 1 }
        /clang-format on/ { off = 0 }
        length(columns) > 120 && !off { print FILENAME ":" FNR " has " length(columns) " columns" }
        /^\{/ { start = FNR }
        /^\}/ { if (start && FNR - start >= 60) print FILENAME ":" start " is a function of " FNR - start + 1 " lines"; start = 0 }
        END { ends() }'
}

# find_unformatted: what clang-format would write otherwise
find_unformatted() { files src env include tests | xargs clang-format --dry-run 2>&1 | grep 'warning:' | head -20; }

# none FINDER ...: it finds nothing in the tree we stand in
none() { "$@" >found; sed 's/^/#   /' found; [ ! -s found ]; }

# spoiled NAME PATTERN FINDER COMMAND: in a copy of the source, spoiled by the command, the finder finds the pattern, and
# nothing that is not there without
spoiled() {
    local name=$1 pattern=$2 finder=$3
    rm -rf copy && mkdir copy && cp -r src env include tests .clang-format copy
    (cd copy && $finder | sort >../before; eval "$4"; $finder | sort >../after)
    comm -13 before after >out
    check "found: $name" test "$(grep -c "$pattern" out) $(grep -vc "$pattern" out)" = "1 0"
}

formatter=$(sed -n 's/^# clang-format \([0-9]*\).*/\1/p' "$source_dir/.clang-format")
has_formatter() { clang-format --version 2>/dev/null | grep -q "version $formatter\."; }

cp -r "$source_dir"/{src,env,include,tests,.clang-format} .
check "rooms include what their rows allow" none find_rooms
check "no files include each other in a circle" none find_circles
check "no files call each other in a circle" none find_calls "$(dirname "$dunlin")"
check "files, functions and lines are short" none find_long
if has_formatter; then check "all is formatted" none find_unformatted
else skip "all is formatted" "there is no clang-format $formatter"; fi

spoiled "a forbidden include" 'play/eval.c includes src/share/share.h' find_rooms \
    'sed -i "1i #include \"share/share.h\"" src/play/eval.c'
spoiled "an environment that knows a network" 'env/catch.c includes src/nn/net.h' find_rooms \
    'sed -i "1i #include \"../src/nn/net.h\"" env/catch.c'
spoiled "a room without a row" 'attic has no row' find_rooms 'mkdir src/attic'
spoiled "a row without a room" 'row of play has no folder' find_rooms 'rm -r src/play; sed -i "/play\//d" src/main.c'
spoiled "a circle of three files" 'circle: .*base/[abc]' find_circles \
    'for f in ab bc ca; do touch src/base/${f:0:1}.h; echo "#include \"base/${f:1}.h\"" >src/base/${f:0:1}.c; done'
spoiled "a circle of headers" 'circle: src/base/[ab].h' find_circles \
    'for f in ab ba; do echo "#include \"base/${f:1}.h\"" >src/base/${f:0:1}.h; done'
spoiled "a circle of calls behind one header" 'circle: .*base/[ab]' 'find_calls .' \
    'echo "void g(void); void f(void); void f(void) { g(); }" >src/base/a.c
     echo "void g(void); void f(void); void g(void) { f(); }" >src/base/b.c
     for f in a b; do cc -c src/base/$f.c -o src/base/$f.o; done'
spoiled "a function of 61 lines" 'is a function of 61 lines' find_long \
    'for n in 58 59; do echo "void f$n(void)"; echo "{"; yes ";" | head -$n; echo "}"; done >src/base/a.c'
spoiled "a file of 401 lines" 'a.c has 401 lines' find_long 'for n in 400 401; do yes | head -$n >src/base/a.c; done'
spoiled "a line of 121 columns" 'a.c:2 has 121 columns' find_long 'printf "%120s\n%121s\n" . . >src/base/a.c'
if has_formatter; then spoiled "what is not formatted" 'a.c:1:' find_unformatted 'echo "int  a;" >src/base/a.c'
else skip "found: what is not formatted" "there is no clang-format $formatter"; fi
finish
