/* canvas.c -- see canvas.h. The curve is drawn as an oscilloscope draws: it runs from left to right and over itself, a
 * gap ahead of it, so that a step changes a few columns and not the whole strip, which keeps a GIF small. */
#include "play/canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    WIDTH_LEAST = 250,
    MARGIN = 6,
    TEXT_SCALE = 2,
    GLYPH_HEIGHT = 7,
    GLYPH_WIDTH = 5,
    TEXT_HEIGHT = GLYPH_HEIGHT * TEXT_SCALE,
    TEXT_STEP = (GLYPH_WIDTH + 1) * TEXT_SCALE,
    CURVE_HEIGHT = 40,
    STRIP_HEIGHT = MARGIN + TEXT_HEIGHT + MARGIN + CURVE_HEIGHT + MARGIN,
    GAP = 8,         /* empty pixels ahead of the curve */
    STEP_WIDEST = 16 /* pixels */
};

static const uint8_t GROUND[3] = {24, 24, 28}, INK[3] = {232, 232, 232}, LINE[3] = {88, 196, 255},
                     ZERO[3] = {84, 84, 92};

/* Five columns by seven rows, the highest of five bits at the left. */
static const struct glyph {
    char letter;
    uint8_t rows[GLYPH_HEIGHT];
} GLYPHS[] = {
    {'0', {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e}}, {'1', {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e}},
    {'2', {0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f}}, {'3', {0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e}},
    {'4', {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}}, {'5', {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e}},
    {'6', {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}}, {'7', {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
    {'8', {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}}, {'9', {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c}},
    {'-', {0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00}}, {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c}},
    {'+', {0x00, 0x04, 0x04, 0x1f, 0x04, 0x04, 0x00}}, {'e', {0x00, 0x00, 0x0e, 0x11, 0x1f, 0x10, 0x0e}},
    {'S', {0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e}}, {'C', {0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e}},
    {'O', {0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}}, {'R', {0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11}},
    {'E', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}}, {'N', {0x11, 0x11, 0x19, 0x15, 0x13, 0x11, 0x11}},
    {'D', {0x1c, 0x12, 0x11, 0x11, 0x11, 0x12, 0x1c}}, {'V', {0x11, 0x11, 0x11, 0x0a, 0x0a, 0x0a, 0x04}},
    {'Q', {0x0e, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0d}}, {'?', {0x0e, 0x11, 0x01, 0x02, 0x04, 0x00, 0x04}},
};

void canvas_init(struct canvas *c, int height, int width, int steps)
{
    const int scale = width < WIDTH_LEAST ? (WIDTH_LEAST + width - 1) / width : 1;
    *c = (struct canvas){.source_height = height, .source_width = width, .scale = scale};
    c->height = (height * scale + STRIP_HEIGHT + 1) / 2 * 2;
    c->width = (width * scale + 1) / 2 * 2;
    const int room = c->width - 2 * MARGIN, wanted = steps > 0 ? room / steps : 1;
    c->step_width = wanted < 1 ? 1 : wanted > STEP_WIDEST ? STEP_WIDEST : wanted;
    c->columns = room / c->step_width;
    c->rgb = memory_new((size_t)c->height * (size_t)c->width, 3);
    c->source = memory_new((size_t)height * (size_t)width, 3);
    c->curve = memory_new((size_t)c->columns, sizeof *c->curve);
}

void canvas_free(struct canvas *c)
{
    free(c->rgb);
    free(c->source);
    free(c->curve);
    *c = (struct canvas){0};
}

void canvas_restart(struct canvas *c)
{
    c->curve_count = 0;
}

/* A rectangle, cut at the canvas. */
static void fill(struct canvas *c, int x, int y, int width, int height, const uint8_t ink[3])
{
    for (int row = y < 0 ? 0 : y; row < y + height && row < c->height; row++)
        for (int column = x < 0 ? 0 : x; column < x + width && column < c->width; column++)
            memcpy(c->rgb + 3 * ((size_t)row * (size_t)c->width + (size_t)column), ink, 3);
}

static void write_text(struct canvas *c, int x, int y, const char *text)
{
    for (; *text; text++, x += TEXT_STEP)
        for (size_t g = 0; g < sizeof GLYPHS / sizeof *GLYPHS; g++)
            if (GLYPHS[g].letter == *text)
                for (int i = 0; i < GLYPH_HEIGHT * GLYPH_WIDTH; i++)
                    if (GLYPHS[g].rows[i / GLYPH_WIDTH] >> (GLYPH_WIDTH - 1 - i % GLYPH_WIDTH) & 1)
                        fill(c, x + i % GLYPH_WIDTH * TEXT_SCALE, y + i / GLYPH_WIDTH * TEXT_SCALE, TEXT_SCALE,
                             TEXT_SCALE, INK);
}

/* Rows below the curve's top. */
static int curve_row(const struct canvas *c, double value)
{
    const double part = c->high > c->low ? (value - c->low) / (c->high - c->low) : 0.5;
    return (int)lround((CURVE_HEIGHT - 2) * (1 - part));
}

static void draw_curve(struct canvas *c, int top)
{
    const int step = c->step_width, gap = (GAP + step - 1) / step;
    const int64_t last = c->curve_count - 1, first = last < c->columns - gap ? 0 : last - c->columns + gap + 1;
    fill(c, MARGIN, top + curve_row(c, 0), step * c->columns, 1, ZERO);
    for (int64_t t = first; t <= last; t++) {
        const int column = (int)(t % c->columns), x = MARGIN + step * column, here = curve_row(c, c->curve[column]);
        fill(c, x, top + here, step, 2, LINE);
        if (!column || t == first) continue; /* nothing at the left to join it to */
        const int before = curve_row(c, c->curve[column - 1]);
        fill(c, x, top + (here < before ? here : before), 1, abs(here - before) + 2, LINE);
    }
}

/* Short enough for the strip, in the glyphs that there are; with two places where `places` or the number wants them. */
static void format(char *text, size_t size, const char *name, double number, bool places)
{
    const double rounded = round(number * 100) / 100 + 0.0; /* no "-0" */
    const char *how = fabs(number) >= 1e5 ? "%.4g" : places || rounded != floor(rounded) ? "%.2f" : "%.0f";
    char figure[32] = "?";
    if (isfinite(number)) snprintf(figure, sizeof figure, how, rounded);
    snprintf(text, size, "%s %s", name, figure);
}

void canvas_draw(struct canvas *c, double score, char letter, const double *value)
{
    const int S = c->scale, top = c->source_height * S;
    char left[48], right[48] = "END";
    fill(c, 0, 0, c->width, c->height, GROUND);
    for (int y = 0; y < c->source_height; y++)
        for (int x = 0; x < c->source_width; x++)
            fill(c, x * S, y * S, S, S, c->source + 3 * ((size_t)y * (size_t)c->source_width + (size_t)x));
    if (value) {
        format(right, sizeof right, (char[]){letter, '\0'}, *value, true);
        c->curve[c->curve_count++ % c->columns] = isfinite(*value) ? *value : 0;
        if (*value < c->low) c->low = *value;
        if (*value > c->high) c->high = *value;
    }
    format(left, sizeof left, "SCORE", score, false);
    write_text(c, MARGIN, top + MARGIN, left);
    write_text(c, c->width - MARGIN - (int)strlen(right) * TEXT_STEP + TEXT_SCALE, top + MARGIN, right);
    draw_curve(c, top + MARGIN + TEXT_HEIGHT + MARGIN);
}
