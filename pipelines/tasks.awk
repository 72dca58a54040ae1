# tasks - the evaluation tasks of a JSON file as make variables
#
# Reads {"tasks": [{"name": "dm_val", "role": "on", ...}, ...]}: TASKS is the
# list of names, ON and OFF those of each role, TASK_NAME_KEY each value.
# (stats reads the same file with a full JSON reader, and refuses what is
# malformed; this needs nothing but awk, before anything is built.)
{ text = text $0 "\n" }
END {
    while (match(text, /\{[^{}]*\}/)) {
        row = substr(text, RSTART + 1, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        n = 0
        delete key; delete val
        while (match(row, /"[^"]*"[ \t\n]*:[ \t\n]*("[^"]*"|[^,"]+)/)) {
            pair = substr(row, RSTART, RLENGTH)
            row = substr(row, RSTART + RLENGTH)
            k = pair; sub(/^"/, "", k); sub(/".*/, "", k)
            v = pair; sub(/^"[^"]*"[ \t\n]*:[ \t\n]*/, "", v)
            gsub(/^"|"$|[ \t\n]+$/, "", v)
            key[++n] = k; val[n] = v
            if (k == "name") name = v
            if (k == "role") role = v
        }
        tasks = tasks " " name
        if (role == "on") on = on " " name; else off = off " " name
        for (i = 1; i <= n; i++)
            printf "TASK_%s_%s := %s@", name, key[i], val[i]
    }
    printf "TASKS :=%s@ON :=%s@OFF :=%s@", tasks, on, off
}
