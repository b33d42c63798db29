/* manual.c -- see manual.h. */
#include "base/manual.h"

#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/options_row.h"

/* Text as roff shows it: a - that can be typed, no line that is a request. */
static void roff(FILE *out, const char *text)
{
    bool start = true;
    for (const char *c = text; *c; c++) {
        if (start && (*c == '.' || *c == '\'')) fputs("\\&", out);
        if (*c == '-')
            fputs("\\-", out);
        else if (*c == '\\')
            fputs("\\e", out);
        else
            fputc(*c, out);
        start = *c == '\n';
    }
}

static void heading(FILE *out, const char *kind, const char *text)
{
    fprintf(out, ".%s \"", kind);
    roff(out, text);
    fputs("\"\n", out);
}

/* An entry of a list: what is typed, and what it is. */
static void entry(FILE *out, const char *typed, const char *text)
{
    fputs(".TP\n.B ", out);
    roff(out, typed);
    fputc('\n', out);
    roff(out, text);
    fputc('\n', out);
}

static void page_commands(FILE *out, const struct manual *m)
{
    heading(out, "SH", "COMMANDS");
    for (int i = 0; i < m->count; i++) {
        const struct manual_command *c = &m->commands[i];
        heading(out, "SS", c->name);
        roff(out, c->help);
        fputs(".\n", out);
        if (strstr(c->usage, "\nIn brackets")) continue; /* options come below */
        fputs(".PP\n.nf\n", out);
        roff(out, c->usage);
        fputs(".fi\n", out);
    }
}

static void page_options(FILE *out)
{
    int before = -1;
    heading(out, "SH", "OPTIONS OF TRAINING");
    roff(out,
         "In brackets: default and range. Typed --KEY VALUE or --KEY=VALUE, or a line `KEY = VALUE` of FILE.ini, in "
         "the section named here or in none.\n");
    for (int i = 0; i < option_count(); i++) {
        const int group = (int)option_group(i);
        char typed[96], range[256], text[1200];
        const char *value = option_row_range(&option_rows[i], range, sizeof range);
        struct option_set defaults;
        char def[OPTION_TEXT];
        options_init(&defaults);
        options_format(&defaults.values, i, def, sizeof def);
        if (group != before) heading(out, "SS", option_group_name(group));
        before = group;
        snprintf(typed, sizeof typed, "--%s%s %s", *value ? "" : "[no-]", option_key(i), value);
        snprintf(text, sizeof text, *def ? "%s (%s%s)" : "%s", option_help(i), def, range);
        entry(out, typed, text);
    }
}

void manual_page(FILE *out, const struct manual *m)
{
    fprintf(out, ".TH DUNLIN 1 \"\" \"Dunlin %s\" \"User Commands\"\n", m->version);
    heading(out, "SH", "NAME");
    fputs("dunlin \\- asynchronous deep reinforcement learning on CPU clusters\n", out);
    heading(out, "SH", "SYNOPSIS");
    for (int i = 0; i < m->count; i++) {
        fprintf(out, "%s.B dunlin %s\n", i ? ".br\n" : "", m->commands[i].name);
        roff(out, m->commands[i].words);
        if (*m->commands[i].words) fputc('\n', out);
    }
    page_commands(out, m);
    page_options(out);
    heading(out, "SH", "EXIT STATUS");
    entry(out, "0", "done, or stopped and saved under a launcher of its own");
    entry(out, "1", "failed");
    entry(out, "2", "refused: what was typed cannot be meant; nothing was started");
    entry(out, "130, 143", "stopped by SIGINT, by SIGTERM; what was saved goes on with dunlin resume RUN");
    heading(out, "SH", "FILES");
    entry(out, "RUN/run.h5", "settings, curves, episodes, evaluations, events of a run; HDF5");
    entry(out, "RUN/checkpoint-FRAMES.h5, RUN/checkpoint-best.h5", "what a run goes on from; its best weights");
    entry(out, "RUN/options.ini", "what the run uses, as a file that dunlin train takes");
    entry(out, "RUN/status", "what it is doing, as text");
    entry(out, "PREFIX/share/dunlin/NAME.ini", "presets: dunlin train NAME");
    entry(out, "PREFIX/lib/dunlin", "where the emulator and the games of atari:GAME are looked for");
    heading(out, "SH", "ENVIRONMENT");
    entry(out, "DUNLIN_ATARI_DIR", "the folder of libale_c.so and roms/, by PREFIX/share/dunlin/fetch-atari.sh");
    entry(out, "DUNLIN_ROMS, DUNLIN_ALE_LIB", "a folder of games, the emulator's library, where they lie elsewhere");
    heading(out, "SH", "EXAMPLES");
    fputs(".nf\n", out);
    roff(out,
         "dunlin train cartpole --out runs/first\ndunlin plot runs/first --text\ndunlin resume runs/first --frames "
         "2e6\nmpirun -n 9 dunlin train pong --out runs/pong\n");
    fputs(".fi\n", out);
}

/* Does it take option i of training, by no name of its own. */
static bool takes(const struct manual_command *c, int i)
{
    for (int k = 0; c->own[k]; k++)
        if (!strcmp(c->own[k] + 2, option_key(i))) return false;
    return c->takes && c->takes(i);
}

static void option_words(FILE *out, const struct manual_command *c)
{
    for (int i = 0; i < option_count(); i++) {
        if (!takes(c, i)) continue;
        fprintf(out, " --%s", option_key(i));
        if (option_rows[i].kind == KIND_FLAG) fprintf(out, " --no-%s", option_key(i));
    }
    for (int k = 0; c->own[k]; k++) fprintf(out, " %s", c->own[k]);
    fputs(" --help", out);
}

/* "    --algo) VERB WORD WORD ...;" of each option whose words are known. */
static void cases(FILE *out, const struct manual *m, const char *before, const char *behind)
{
    fprintf(out, "    --env) %s", before);
    for (int i = 0; m->env(i); i++) fprintf(out, " %s", m->env(i));
    fprintf(out, "%s; return ;;\n", behind);
    for (int i = 0; i < option_count(); i++) {
        if (!option_word(i, 0)) continue;
        fprintf(out, "    --%s) %s", option_key(i), before);
        for (int w = 0; option_word(i, w); w++) fprintf(out, " %s", option_word(i, w));
        fprintf(out, "%s; return ;;\n", behind);
    }
}

static void command_names(FILE *out, const struct manual *m)
{
    for (int i = 0; i < m->count; i++) fprintf(out, " %s", m->commands[i].name);
    fputs(" help version", out);
}

/* "    train) words=" --lr --gamma ..." of each command. */
static void command_cases(FILE *out, const struct manual *m, const char *before, const char *behind)
{
    for (int i = 0; i < m->count; i++) {
        fprintf(out, "    %s) %s", m->commands[i].name, before);
        option_words(out, &m->commands[i]);
        fprintf(out, "%s ;;\n", behind);
    }
    fprintf(out, "    help) %s", before);
    command_names(out, m);
    fprintf(out, "%s ;;\n", behind);
}

static void for_bash(FILE *out, const struct manual *m)
{
    fputs("# completes dunlin in bash; made from its tables by `dunlin help --completion bash`\n"
          "_dunlin() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
          "    COMPREPLY=()\n"
          "    if [ \"$cur\" = = ]; then cur=; elif [ \"$prev\" = = ]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
          "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"",
          out);
    command_names(out, m);
    fputs("\" -- \"$cur\"); return\n    fi\n    case $prev in\n", out);
    cases(out, m, "mapfile -t COMPREPLY < <(compgen -W \"", "\" -- \"$cur\")");
    fputs("    esac\n    case ${COMP_WORDS[1]} in\n", out);
    command_cases(out, m, "words=\"", "\"");
    fputs("    esac\n"
          "    case $cur in\n"
          "    -*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
          "    *) mapfile -t COMPREPLY < <([ \"${COMP_WORDS[1]}\" != help ] || compgen -W \"$words\" -- \"$cur\"\n"
          "        compgen -f -- \"$cur\") ;;\n"
          "    esac\n"
          "}\n"
          "complete -o filenames -F _dunlin dunlin\n",
          out);
}

/* 'NAME:WHAT IT IS', as zsh's _describe takes it. */
static void described(FILE *out, const char *dashes, const char *name, const char *help)
{
    fprintf(out, " '%s%s:", dashes, name);
    for (const char *c = help; *c; c++) {
        if (*c == '\'')
            fputs("'\\''", out);
        else
            fprintf(out, *c == ':' || *c == '\\' ? "\\%c" : "%c", *c);
    }
    fputc('\'', out);
}

static void for_zsh(FILE *out, const struct manual *m)
{
    fputs("#compdef dunlin\n# made from dunlin's tables by `dunlin help --completion zsh`\n"
          "_dunlin() {\n"
          "    local -a commands options\n"
          "    commands=(",
          out);
    for (int i = 0; i < m->count; i++) described(out, "", m->commands[i].name, m->commands[i].help);
    described(out, "", "help", "what a command takes");
    described(out, "", "version", "of the program");
    fputs(")\n    if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
          "    case $words[CURRENT-1] in\n",
          out);
    cases(out, m, "compadd --", "");
    fputs("    esac\n    case $words[2] in\n    help) _describe command commands; return ;;\n", out);
    for (int i = 0; i < m->count; i++) {
        fprintf(out, "    %s) options=(", m->commands[i].name);
        for (int k = 0; k < option_count(); k++) {
            if (!takes(&m->commands[i], k)) continue;
            described(out, "--", option_key(k), option_help(k));
            if (option_rows[k].kind == KIND_FLAG) described(out, "--no-", option_key(k), option_help(k));
        }
        for (int k = 0; m->commands[i].own[k]; k++) fprintf(out, " %s", m->commands[i].own[k]);
        fputs(" --help) ;;\n", out);
    }
    fputs("    esac\n"
          "    if [[ $PREFIX == -* ]]; then _describe -o option options; else _files; fi\n"
          "}\n"
          "_dunlin \"$@\"\n",
          out);
}

int manual_completion(FILE *out, const struct manual *m, const char *shell)
{
    if (!strcmp(shell, "bash"))
        for_bash(out, m);
    else if (!strcmp(shell, "zsh"))
        for_zsh(out, m);
    else
        return error_set("--completion is '%.40s'; allowed: bash, zsh", shell);
    return 0;
}
