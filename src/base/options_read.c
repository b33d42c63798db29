/* options_read.c -- options from INI files (by inih) and from the command line.
 *
 * inih cuts what does not fit its line buffer, takes an indented line for more of the line before, and knows '#' at a
 * line's beginning only. So the file is read whole and looked through first, and inih gets its lines one by one,
 * without indentation and without comments. That is also how a handler's line number is known.
 */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/error.h"
#include "base/home.h"
#include "base/options.h"
#include "base/preset.h"
#include "base/text.h"
#include "base/words.h"

enum {
    LINE_MOST = INI_MAX_LINE - 3, /* bytes of a line: inih's buffer also holds \r, \n and the end */
    FILE_MOST = 1 << 20,
};

#define IS_REAL false
#define IS_INT false
#define IS_FLAG true
#define IS_TEXT false
#define IS_WORD false
#define IS_NAME false
#define X(kind, field, key, def, low, high, resume, help) IS_##kind,
static const bool is_flag[] = {OPTIONS(X)};
#undef X

struct ini {
    struct option_set *set;
    const char *path, *bytes, *next; /* the text and the line that inih gets next */
    int line;                        /* the one it has, from 1 */
    int failed;                      /* the first line that was refused here; 0: none */
    int read[OPTIONS_MOST];          /* the line of an option's value; 0: none yet */
};

enum { HIDDEN = 1 }; /* stands for a ; in quotes, which inih would take for a comment's start; no file has it */

/* The text of a file and its end, malloc'd; NULL after error_set(). */
static char *read_whole(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *bytes = malloc(FILE_MOST + 1);
    *size = f && bytes ? fread(bytes, 1, FILE_MOST + 1, f) : 0;
    if (!f || !bytes || ferror(f)) {
        error_set("%s: cannot be read: %s; give the path of a readable INI file", path, strerror(errno));
    } else if (*size > FILE_MOST) {
        error_set("%s: longer than 1 MiB, so no INI file of Dunlin's; allowed: lines of 'key = value'", path);
    } else {
        bytes[*size] = 0;
        fclose(f);
        return bytes;
    }
    if (f) fclose(f);
    free(bytes);
    return NULL;
}

/* No control characters, no line longer than inih holds. */
static int look_through(const char *path, const char *bytes, size_t size)
{
    int line = 1;
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        if (c == '\n') {
            line++;
            length = 0;
            continue;
        }
        if (c != '\t' && c != '\r' && iscntrl(c))
            return error_set("%s:%d: found the byte 0x%02x, so no text; allowed: lines of 'key = value'", path, line,
                             c);
        if (++length > LINE_MOST)
            return error_set("%s:%d: found more than %d bytes in a line; allowed: at most %d, comments included", path,
                             line, (int)LINE_MOST, (int)LINE_MOST);
    }
    return 0;
}

/* A section is known by what its options are about, or holds them all. */
static bool known_section(const char *name, size_t n)
{
    if (n == 5 && !strncasecmp(name, "train", n)) return true;
    for (int g = 0; option_group_name(g); g++)
        if (strlen(option_group_name(g)) == n && !strncasecmp(name, option_group_name(g), n)) return true;
    return false;
}

static void refuse_section(struct ini *ini, const char *name, size_t n)
{
    char known[128] = "";
    for (int g = 0; option_group_name(g); g++)
        snprintf(known + strlen(known), sizeof known - strlen(known), ", [%s]", option_group_name(g));
    error_set("%s:%d: found the section '[%.*s]', which is not known; allowed: [train]%s, or none", ini->path,
              ini->line, (int)n, name, known);
    ini->failed = ini->line;
}

/* Where the line's text ends before a comment, of which a quoted value is no part. */
static size_t before_comment(char *line, size_t n)
{
    size_t i = strcspn(line, "=:");
    i += i < n;
    while (i < n && isblank((unsigned char)line[i])) i++;
    const char quote = i < n && (line[i] == '"' || line[i] == '\'') ? line[i] : '\0';
    const char *end = quote ? memchr(line + i + 1, quote, n - i - 1) : NULL;
    for (size_t at = end ? i : 1; at < n; at++) {
        const bool quoted = end && line + at < end;
        if (quoted && line[at] == ';') line[at] = HIDDEN;
        if (!quoted && line[at] == '#' && isblank((unsigned char)line[at - 1])) return at;
    }
    return n;
}

/* inih's fgets: the next line without indentation and without what a '#' after a blank begins. */
static char *next_line(char *str, int num, void *stream)
{
    struct ini *ini = stream;
    if (!*ini->next || ini->failed) return NULL;
    const char *line = ini->next;
    size_t n = strcspn(line, "\n");
    ini->next = line + n + (line[n] == '\n');
    ini->line++;
    const size_t indent = strspn(line, " \t\r");
    line += indent <= n ? indent : n;
    n -= indent <= n ? indent : n;
    const bool marked = ini->line == 1 && n >= 3 && !memcmp(line, "\xef\xbb\xbf", 3); /* by a byte order mark */
    const char *head = marked ? line + 3 : line,
               *close = *head == '[' ? memchr(head, ']', (size_t)(line + n - head)) : NULL;
    if (close && !known_section(head + 1, (size_t)(close - head) - 1))
        return refuse_section(ini, head + 1, (size_t)(close - head) - 1), NULL;
    if (n > (size_t)num - 2) n = (size_t)num - 2; /* look_through() keeps it from this */
    memcpy(str, line, n);
    str[n] = '\0';
    memcpy(str + before_comment(str, n), "\n", 2);
    return str;
}

/* The value without its quotes, to text. 0, or -1 after error_set(). */
static int unquote(const char *where, const char *name, const char *value, char *text, size_t size)
{
    snprintf(text, size, "%s", value);
    for (char *c = text; *c; c++)
        if (*c == HIDDEN) *c = ';';
    const char quote = *text;
    if (quote != '"' && quote != '\'') return 0;
    char *end = strchr(text + 1, quote);
    if (!end || end[1])
        return error_set("%s: %.80s is %.200s; allowed: a value alone, or all of it in one pair of quotes", where, name,
                         text);
    *end = '\0';
    memmove(text, text + 1, (size_t)(end - text));
    return 0;
}

static int take_value(void *user, const char *section, const char *name, const char *value)
{
    struct ini *ini = user;
    char where[1024], text[INI_MAX_LINE + 1], path[OPTION_TEXT];
    (void)section;
    if (ini->failed) return 1;
    snprintf(where, sizeof where, "%.900s:%d", ini->path, ini->line);
    const int i = option_find(name);
    if (i >= 0 && ini->read[i]) {
        error_set("%s: %s stands in line %d already; leave one of them out", where, name, ini->read[i]);
    } else if (!unquote(where, name, value ? value : "", text, sizeof text) &&
               !options_set(ini->set, name, home_path(text, path, sizeof path), ORIGIN_FILE, where)) {
        ini->read[i] = ini->line;
        return 1;
    }
    ini->failed = ini->line;
    return 0;
}

/* Says what stands in a line that inih does not take; keeps the line printable. */
static int line_refused(const struct ini *ini, int line)
{
    const char *text = ini->bytes;
    for (int i = 1; i < line; i++) text = strchr(text, '\n') + 1;
    text += strspn(text, " \t");
    return error_set("%s:%d: found '%.*s'; allowed: 'key = value', '[section]', '# comment'", ini->path, line,
                     (int)strcspn(text, "\r\n"), text);
}

int options_read_file(struct option_set *set, const char *path)
{
    size_t size;
    char *bytes = read_whole(path, &size);
    if (!bytes) return -1;
    int status = look_through(path, bytes, size);
    if (!status) {
        struct ini ini = {.set = set, .path = path, .bytes = bytes, .next = bytes};
        const int line = ini_parse_stream(next_line, &ini, take_value, &ini);
        if (line < 0)
            status = error_set("%s: out of memory", path);
        else if (ini.failed && (!line || line == ini.failed))
            status = -1;
        else if (line > 0)
            status = line_refused(&ini, line);
    }
    free(bytes);
    return status;
}

static bool flag_word(const char *word)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "1", "0"};
    for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++)
        if (!strcmp(word, words[i])) return true;
    return false;
}

/* One "--key..." at argv[*i]; *i moves over its value. */
static int read_option(struct option_set *set, int argc, char **argv, int *i)
{
    const struct word_parts parts = word_split(argv[*i]);
    char path[OPTION_TEXT];
    const char *where = parts.key, *key = where + 2;
    const char *value = parts.value ? home_path(parts.value, path, sizeof path) : NULL;
    const char *positive = strncmp(key, "no-", 3) ? NULL : key + 3;
    int option = option_find(key);
    if (option < 0 && positive) {
        option = option_find(positive);
        if (option >= 0 && is_flag[option]) {
            if (value)
                return error_set("%s is '%.80s'; allowed: --no-%s alone, or --%s=VALUE", where, value, positive,
                                 positive);
            return options_set(set, positive, "false", ORIGIN_COMMAND, where);
        }
    }
    if (option < 0 || strcmp(option_key(option), key) != 0) return options_set(set, key, "", ORIGIN_COMMAND, where);
    const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;
    if (!value && is_flag[option]) {
        value = flag_word(next) ? argv[++*i] : "true";
    } else if (!value) {
        if (!next || !strncmp(next, "--", 2))
            return error_set("%s: its value is missing; allowed: %s VALUE, or %s=VALUE (%s)", where, where, where,
                             option_help(option));
        value = argv[++*i];
        if (*value != '~') value = home_path(value, path, sizeof path); /* a shell has seen to that */
    }
    return options_set(set, key, value, ORIGIN_COMMAND, where);
}

/* Is NAME.ini no file here, but the file of a preset? */
static bool is_preset_only(const char *file)
{
    char name[80], path[4096];
    if (strchr(file, '/') || !access(file, F_OK)) return false;
    snprintf(name, sizeof name, "%.*s", (int)strlen(file) - 4, file);
    return !preset_find(name, path, sizeof path);
}

int options_read_args(struct option_set *set, int argc, char **argv, const char **positional)
{
    const char *file = NULL, *word = NULL;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "--", 2)) {
            if (read_option(set, argc, argv, &i)) return -1;
            continue;
        }
        if (argv[i][0] == '-' && argv[i][1])
            return error_set("found '%.80s'; allowed: --KEY VALUE with two dashes (`dunlin train --help` lists all)",
                             argv[i]);
        const char **slot = text_ends_with(argv[i], ".ini") ? &file : &word;
        if (*slot) return error_set("found both '%.200s' and '%.200s'; allowed: one of them", *slot, argv[i]);
        *slot = argv[i];
    }
    char preset[4096];
    if (positional) {
        *positional = word;
    } else if (word) {
        if (preset_find(word, preset, sizeof preset)) return -1;
        if (file) return error_set("found both '%.200s' and the preset '%.200s'; allowed: one of them", file, word);
        file = preset;
    }
    if (file && is_preset_only(file))
        return error_set("%.200s: there is no such file here; the preset is typed without .ini", file);
    return file ? options_read_file(set, file) : 0; /* its values are weaker than those set above */
}
